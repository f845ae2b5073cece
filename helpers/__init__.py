"""From classifier to detector: the tools of the course, one module for each idea.

Floor by floor, and a lower floor never imports a higher one:

1. `paths`, `threads`, `images`, `boxes`, `augment`, `models`, `street` (the renderer)
2. `street_files`, `uiuc`, `datasets`, `download`, `geometry`, `conversion`, `fcn`, `metrics`
3. `training`, `heatmap`, `mistakes`, `bootstrap`, `mosaics`
4. `detector`
5. `plots`, `plots_metrics`, `widgets`, `widgets_metrics`, `evaluation`
6. `checks`, `bench`, `drawing`, `ablation`, `commands`, and the command line (`__main__`)
"""

__version__ = "0.1.0"
