"""Boxes as the original assignment writes them: (row, col, n_rows, n_cols).

>>> rowcol_from_xyxy(torch.tensor([[26.0, 48, 126, 88]]))
tensor([[ 48.,  26.,  40., 100.]])
"""

import torch
from torch import Tensor

from helpers.boxes.overlap import check_boxes


def xyxy_from_rowcol(rowcol: Tensor) -> Tensor:
    """(row, col, n_rows, n_cols), as the original assignment writes boxes, as xyxy. Lesson 06.

    Args:
        rowcol: Tensor[N, 4]: the top-left corner and the size in pixels, rows first.

    Returns:
        Tensor[N, 4], xyxy, at least float32.

    Raises:
        ValueError: for another shape, and for what `check_boxes` refuses (a size below 0).

    >>> xyxy_from_rowcol(torch.tensor([[48, 26, 40, 100]]))
    tensor([[ 26.,  48., 126.,  88.]])
    """
    if rowcol.ndim != 2 or rowcol.shape[1] != 4:
        raise ValueError(f"rowcol must have shape [N, 4], not {list(rowcol.shape)}")
    row, col, n_rows, n_cols = rowcol.to(torch.promote_types(rowcol.dtype, torch.float32)).unbind(1)
    boxes = torch.stack([col, row, col + n_cols, row + n_rows], dim=1)
    return check_boxes(boxes, "the converted boxes")


def rowcol_from_xyxy(boxes: Tensor) -> Tensor:
    """Undoes `xyxy_from_rowcol`: xyxy [N, 4] as (row, col, n_rows, n_cols) [N, 4]. Lesson 06.

    >>> rowcol_from_xyxy(torch.tensor([[26.0, 48, 126, 88]]))
    tensor([[ 48.,  26.,  40., 100.]])
    """
    x1, y1, x2, y2 = check_boxes(boxes).unbind(1)
    return torch.stack([y1, x1, y2 - y1, x2 - x1], dim=1)
