"""From classifier to detector: the tools of the course, one module for each idea.

Floor by floor, and a lower floor never imports a higher one:

1. `paths`, `threads`, `timing`, `images`, `boxes`, `augment`, `models`, `functional`, `street`
2. `street_files`, `uiuc`, `datasets`, `download`
2. `metrics`, `geometry`, `tracing`, `rules`, `fft`
3. `graph`, `conversion`, `fcn`, `training`, `faster`, `heatmap`
3. `mosaics`, `environment`, `splits`, `calibration`, `mistakes`, `bootstrap`
4. `detector`, `work`, `original`
5. `figures`, `plots_gallery`, `plots_bench`, `plots`, `widgets`, `evaluation`
5. `plots_data`, `widgets_data`, `plots_classifier`
5. `plots_metrics`, `widgets_metrics`, `plots_heatmaps`
6. `checks`, `bench`, `drawing`, `ablation`, `commands`, `__main__`
"""

__version__ = "0.1.0"
