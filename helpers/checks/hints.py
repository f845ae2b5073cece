"""What an error of Python, NumPy or PyTorch most likely means, for somebody who meets it first.

Only families whose message leaves one likely mistake; the others are shown as they are.
"""

import re

_EMPTY = "nothing is in it: with no boxes, crops or numbers left, answer before this line"
_LIST = "a list does no arithmetic: make a tensor of it first, torch.tensor(the_list)"
_ONE_NUMBER = (
    "this holds several numbers where one is wanted: sum, compare or pick one first; `and`, `or`,"
    " `not`, `if` and int() take one, &, | and ~ work on all"
)
_WHOLE = "an index or a count must be a whole number: / gives a fraction, // a whole number"
_TRAINED = (
    "these numbers are being trained: set them within `with torch.no_grad():`, and read them with"
    " .detach()"
)
_NO_TENSOR = (
    "this function of torch wants a tensor: for one number use `math`, min() or max(), or make a"
    " tensor first, torch.tensor(...)"
)
_OTHER_SHAPE = (
    "two tensors meet whose shapes do not fit: print both .shape. Is a dimension of length 1"
    " missing (rand(N, 1, 1, 1), keepdim=True, x[:, None]), or a size written into the code?"
)
_FLOAT = "whole numbers have no mean, and no log: .float() first"
_SIZE_IN_CODE = "is a size written into the code that the input should say?"

#: A pattern of the message -> what it most likely means; {0}, {1} … are the pattern's groups.
FAMILIES = {
    r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x": (
        f"a Linear layer, or a matrix, made for {{2}} numbers got {{1}}: {_SIZE_IN_CODE}"
    ),
    r"size of tensor a \(\d+\) must match|operands could not be broadcast": _OTHER_SHAPE,
    r"The expanded size of the tensor": _OTHER_SHAPE,
    r"is invalid for input of size (\d+)|cannot reshape array of size (\d+)": (
        f"the numbers do not fill this shape exactly: {_SIZE_IN_CODE} Does torch.bincount lack its"
        " minlength?"
    ),
    r"to have (\d+) channels, but got (\d+) channels": (
        "a convolution made for {0} channels got {1}: is a number of channels written into the"
        " code, or a layer in another order?"
    ),
    r"Kernel size can't be greater than actual input|Output size is too small": (
        f"the map is smaller than the kernel that is laid on it: {_SIZE_IN_CODE}"
    ),
    r"input to conv2d, but got input of size": (
        "a convolution wants [N, channels, height, width]: image[None] adds a dimension in front"
    ),
    r"Dimension out of range \(expected to be in range of \[-\d+, (\d+)\], but got (-?\d+)": (
        "dimensions are counted from 0: this tensor's last one is {0}. Print its .shape"
    ),
    r"axis (\d+) is out of bounds for array of dimension": (
        "axes are counted from 0: this array has no axis {0}. Print its .shape"
    ),
    r"flip\(\): argument 'dims'": (
        "torch.flip wants a list of dimensions, torch.flip(x, [3]); x.flip(3) takes one"
    ),
    r"index (-?\d+) is out of bounds for (?:dimension|axis) \d+ with size (\d+)": (
        "of {1}, counted from 0, number {0} was asked for: is a case forgotten, as one without"
        " cars, or a number written into the code?"
    ),
    r"(?:list|tuple) index out of range|index out of range in self|index -?\d+ is out of range": (
        "counted from 0, there are fewer here: is a case forgotten, or a number written into the"
        " code?"
    ),
    r"Target (\d+) is out of bounds": "label {0}, but there are fewer classes: labels begin at 0",
    r"too many indices for (?:tensor|array)": (
        "it has fewer dimensions than there are indices in the brackets: print its .shape"
    ),
    r"input batch_size \((\d+)\) to match target batch_size \((\d+)\)": (
        "{0} answers and {1} labels: were the labels cut into batches like the images?"
    ),
    r"zip\(\) argument \d+ is (?:longer|shorter)": "the two have different lengths: print them",
    r"step must be greater than zero": "tensors take no [::-1]: x.flip(0) turns dimension 0 around",
    r"(?:expected target|expected scalar type) .*Long": "labels must be int64: labels.long()",
    r"could not infer output dtype|not implemented for '(?:Long|Int|Byte)'": _FLOAT,
    r"same dtype|bias type \(\w+\) should be the same": (
        "two types of numbers meet, and weights are float32: .float() on the other"
    ),
    r"result type Float can't be cast": "whole numbers cannot hold fractions: .float() first",
    r"tensors used as indices|valid indices \(got float|indices must be integers": _WHOLE,
    r"'float' object cannot be interpreted as an integer|must be int, not float": _WHOLE,
    r"more than one (?:value|element) is ambig|converted to (?:Scalar|Python sc)": _ONE_NUMBER,
    r"numpy\(\) on Tensor that requires grad|leaf Variable that requires grad": _TRAINED,
    r"does not require grad and does not have a grad_fn": (
        "there is nothing to train here: .item(), .detach() or torch.no_grad() cut the way back"
    ),
    r"grad can be implicitly created only for scalar": (
        "backward() wants one number: take the mean of the losses first"
    ),
    r"equal size, but got|Sizes of tensors must match except|same number of dimensions": (
        "only tensors of fitting shapes can be joined: print the .shape of each"
    ),
    r"zero-dimensional tensor .* cannot be concatenated": (
        "torch.cat joins lists of numbers: for single numbers, torch.stack or torch.tensor"
    ),
    r"non-empty|empty sequence|input\.numel\(\) == 0|arg is an empty": _EMPTY,
    r"expected Tensor as element \d+ in argument": (
        "torch.cat and torch.stack join tensors: for numbers, torch.tensor(the_list)"
    ),
    r"argument '\w+' \(position \d\) must be Tensor, not (?:int|float|list)": _NO_TENSOR,
    r"expected np\.ndarray \(got": "torch.from_numpy wants an array: torch.tensor takes a list",
    r"'NoneType'|not NoneType": (
        "something is None: a layer without a bias has None for it, and so does a function"
        " without `return`"
    ),
    r"(?:operand type|instances of).*'(?:list|tuple)'": _LIST,
    r"values to unpack \(expected (\d+)|cannot unpack non-iterable": (
        "the names left of = are not as many as the values: print what stands on the right"
    ),
    r"'Tensor' object has no attribute '(?:astype|copy)'": (
        "NumPy's name for it: a tensor has .float(), .long() and .clone()"
    ),
    r"'numpy\.\w+' object has no attribute": (
        "this is an array of NumPy, not a tensor: torch.from_numpy(array) makes one"
    ),
    r"'(?:list|tuple)' object has no attribute": _LIST.replace(
        "does no arithmetic", "is no tensor"
    ),
    r"no object in the ground truth of any image": (
        "recall is a share of the true objects: leave out a class that the truth has nothing of"
    ),
    r"division by zero": "nothing to divide by here: what should the answer be in this case?",
    r"missing \d+ required positional arguments?: \"dim\"": (
        "say along which dimension, counted from 0: dim=1 is along each row of a table"
    ),
    r"positional arguments? but \d+ (?:was|were) given|missing \d+ required positional": (
        "a function takes as many arguments as stand in its `def` line"
    ),
    r"indexing tensors could not be broadcast": (
        "two lists of indices of different lengths: is the batch size written into the code?"
    ),
}


def hint(error: BaseException) -> str:
    """What the error most likely means, in a sentence; "" where there is no telling.

    >>> hint(IndexError("Dimension out of range (expected to be in range of [-4, 3], but got 4)"))
    "dimensions are counted from 0: this tensor's last one is 3. Print its .shape"
    >>> hint(ValueError("something else"))
    ''
    """
    for pattern, meaning in FAMILIES.items():
        if found := re.search(pattern, str(error)):
            return meaning.format(*found.groups())
    return ""
