"""From classifier to detector: the tools of the course, one module for each idea.

Floor by floor, and a lower floor never imports a higher one:

1. `paths`, `threads`, `timing`, `images`, `boxes`, `augment`, `models`, `functional`, `street`
2. `street_files`, `uiuc`, `datasets`, `download`, `metrics`, `geometry`, `tracing`, `rules`, `fft`
3. `graph`, `conversion`, `fcn`, `training`, `faster`, `heatmap`, `mosaics`, `mining`
4. `detector`, `work`, `original`
5. `plots`, `plots_scales`, `widgets`, `widgets_scenes`, `evaluation`
6. `checks`, `bench`, `drawing`, `ablation`, `commands`, and the command line (`__main__`)
"""

__version__ = "0.1.0"
