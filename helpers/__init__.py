"""From classifier to detector: the tools of the course, one module for each idea.

| module           | idea                                                       | lesson |
| ---------------- | ---------------------------------------------------------- | ------ |
| `environment`    | is everything here that the course needs?                  | 00     |
| `datasets`       | crops to train on, scenes to find cars in                  | 01     |
| `images`         | pictures of any kind to tensors [1, H, W] in [0, 1]        | 01     |
| `splits`         | train, validation and test, without near-duplicates        | 01     |
| `augment`        | changes of an image after which a car is still a car       | 02     |
| `models`         | the classifier, and how its weights are kept               | 03     |
| `training`       | the training loop, loss and accuracy on crops              | 03     |
| `calibration`    | does 0.9 mean nine of ten?                                 | 03     |
| `fcn`            | classifier to fully convolutional network, proven equal    | 04     |
| `geometry`       | stride, offset and receptive field: from cell to pixel     | 05     |
| `heatmap`        | every window's answer at once                              | 05     |
| `tiles`          | a large image, piece by piece, with the same answers       | 05     |
| `multiply_adds`  | how much arithmetic a heatmap takes                        | 05     |
| `fft`            | a large convolution as products of frequencies             | 05     |
| `fourier`        | the transform of small tiles, as matrices                  |        |
| `tuning`         | which way a convolution costs least                        |        |
| `choices`        | what was fastest here, remembered from run to run          |        |
| `acceleration`   | the same network, faster                                   | 05     |
| `boxes`          | IoU and non-maximum suppression                            | 06     |
| `detector`       | an image in, boxes and scores out, at every scale          | 06     |
| `thresholds`     | from which probability on is it a car?                     | 06     |
| `metrics`        | precision, recall, and the areas under curves              | 07     |
| `error_analysis` | what kind of error is it?                                  | 07     |
| `bootstrap`      | how sure is a number?                                      | 07     |
| `evaluation`     | the measurements that the course reports                   |        |
| `pyramid`        | objects of all sizes: the image shrinks, the window stays  | 08     |
| `hard_negatives` | a detector's false positives, as examples to learn from    | 09     |
| `all_sizes`      | training for cars of all sizes, the hardest windows mined  |        |
| `classwise`      | several classes: precision of each, and their mean         |        |
| `mosaics`        | scenes put together from crops: a judge to choose by       |        |

Around them: `plots` and `widgets` show, `checks` looks at the exercises, `street` renders the data
set, `cli` is the command line; `devices`, `paths`, `sheets` and `timing` are plumbing.
"""

__version__ = "0.1.0"
