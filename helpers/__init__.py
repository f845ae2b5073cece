"""From classifier to detector: the tools of the course, one module for each idea.

Floor by floor, and a lower floor never imports a higher one:

1. `paths`, `threads`, `timing`, `images`, `boxes`, `augment`, `models`, `functional`, `street`
2. `street_files`, `uiuc`, `datasets`, `download`
2. `metrics`, `geometry`, `tracing`, `rules`, `fft`
3. `graph`, `conversion`, `fcn`, `training`, `faster`, `heatmap`
3. `mosaics`, `environment`, `splits`, `calibration`, `mistakes`, `bootstrap`, `mining`
4. `detector`, `work`, `original`
5. `figures`, `plots_gallery`, `plots_bench`, `plots`, `widgets`, `evaluation`, `plots_data`
5. `plots_classifier`, `plots_metrics`, `plots_heatmaps`, `plots_scales`
5. `widgets_data`, `widgets_metrics`, `widgets_scenes`
6. `checks`, `bench`, `drawing`, `ablation`, `commands`, `__main__`
"""

__version__ = "0.1.0"
