"""Classifiers written as code: what becomes an FCN, and what is refused, by name and reason."""

import copy
import pickle
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.fcn import check_equivalence, conversion_steps, geometry, to_fcn
from helpers.models import randomise_

SIZE = (8, 10)  # after a 3×3 convolution, a map of 4×6×8
TABLE = torch.zeros(4, 6, 8)


class Written(nn.Module):
    """A classifier whose forward pass is one of the functions below."""

    def __init__(self, function, **layers):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3)
        self.head = nn.Linear(4 * 6 * 8, 3)
        self.small = nn.Linear(4, 3)
        for name, layer in layers.items():
            setattr(self, name, layer)
        self.function = function

    def forward(self, x):
        return self.function(self, x)


def written(function, **layers):
    model = Written(function, **layers)
    return randomise_(model, torch.Generator().manual_seed(0)).eval()


class TwoInputs(Written):
    def forward(self, x, other):
        return self.head(self.conv(x).flatten(1)) + other


class TwoAnswers(Written):
    def forward(self, x):
        x = self.conv(x)
        return self.head(x.flatten(1)), x


class ManyInputs(Written):
    def forward(self, *images):
        return self.head(self.conv(images[0]).flatten(1))


class WithSettings(Written):
    def forward(self, x, features=False, scale=None):
        x = self.conv(x)
        if features:
            return x
        return self.head(x.flatten(1))


class Counting(Written):
    """Its answer depends on how often it was asked."""

    def forward(self, x):
        self.asked = getattr(self, "asked", 0) + 1
        x = self.head(self.conv(x).flatten(1))
        return x * self.asked if self.asked > 1 else x


class HalfLinear(nn.Linear):
    """A subclass that computes something else."""

    def forward(self, x):
        return super().forward(x) / 2


def in_place_on_a_shortcut(net, x):
    x = net.conv(x)
    y = F.relu(x, inplace=True)
    return net.head((x + y).flatten(1))


def added_onto_a_shortcut(net, x):
    x = net.conv(x)
    y = x.sigmoid()
    before = x
    x += y
    return net.head((before * x).flatten(1))


def in_place_behind_a_view(net, x):
    x = net.conv(x)
    row = x.flatten(1)
    x.relu_()
    return net.head(row)


def two_flattens(net, x):
    x = net.conv(x)
    return net.wide(torch.cat([x.flatten(1), F.max_pool2d(x, 2).flatten(1)], 1))


def paths_of_two_strides(net, x):
    x = net.conv(x)
    y = F.max_pool2d(x, 2)
    return net.pair(torch.cat([x.mean((2, 3)), y.mean((2, 3))], 1))


def squeeze_and_excite(net, x):
    x = net.conv(x)
    return net.head((x * x.mean((2, 3), keepdim=True).sigmoid()).flatten(1))


def attention(net, x):
    x = net.conv(x).flatten(2).transpose(1, 2)
    return net.small(net.attend(x, x, x)[0].mean(1))


def branch_on_values(net, x):
    x = net.conv(x)
    return net.head((x if x.mean() > 0 else -x).flatten(1))


def shuffled(x):
    """As in ShuffleNet: the channels of two groups, one of each in turn."""
    count, channels, rows, cols = x.size()
    return x.view(count, 2, channels // 2, rows, cols).transpose(1, 2).reshape(x.shape)


def added(x):
    return x + 1


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    scripted = torch.jit.script(added)


def in_inference_mode(layer, x):
    with torch.inference_mode():
        return layer(x)


def channels_last(x, function):
    return function(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def flat(net, x):
    return net.head(net.conv(x).flatten(1))


def through(function, **layers):
    """conv, then the function, then Flatten and the last Linear."""
    return written(lambda net, x: net.head(function(net, net.conv(x)).flatten(1)), **layers)


def after(function, **layers):
    """conv, Flatten and Linear, then the function."""
    return written(lambda net, x: function(net, flat(net, x)), **layers)


def row(function, **layers):
    """The function between Flatten and Linear."""
    return written(lambda net, x: net.head(function(net, net.conv(x).flatten(1))), **layers)


LEARNED = nn.Parameter(torch.ones(1, 4, 1, 1))
REFUSED = {
    "layer norm after flatten": (
        row(lambda net, x: net.norm(x), norm=nn.LayerNorm(192)),
        TypeError,
        r"layer norm \(LayerNorm\).*statistics are taken over the whole input",
    ),
    "group norm, nested": (
        through(lambda net, x: net.block(x), block=nn.Sequential(nn.GroupNorm(2, 4))),
        TypeError,
        r"layer block\.0 \(GroupNorm\).*statistics",
    ),
    "attention": (
        written(attention, attend=nn.MultiheadAttention(4, 2, batch_first=True)),
        TypeError,
        r"layer attend \(MultiheadAttention\).*depends on all others",
    ),
    "an attention layer": (
        row(lambda net, x: net.attend(x, x, x)[0], attend=nn.MultiheadAttention(192, 2)),
        TypeError,
        r"layer attend \(MultiheadAttention\).*depends on all others",
    ),
    "a recurrent layer": (
        row(lambda net, x: net.lstm(x)[0], lstm=nn.LSTM(192, 192)),
        TypeError,
        r"layer lstm \(LSTM\).*depends on all others",
    ),
    "another input": (TwoInputs(None), TypeError, r"TwoInputs reads \(x, other\).*one input"),
    "two answers": (TwoAnswers(None), TypeError, "must give back one tensor"),
    "two flattens": (
        written(two_flattens, wide=nn.Linear(192 + 48, 3)),
        ValueError,
        r"layer cat \(cat\) puts together what lies in maps of different shapes: 4×6×8 and 4×3×4",
    ),
    "two strides": (
        written(paths_of_two_strides, pair=nn.Linear(8, 3)),
        ValueError,
        r"layer cat \(cat\) merges paths of different strides, 1×1 and 2×2",
    ),
    "maps that are stretched to fit": (
        written(squeeze_and_excite),
        ValueError,
        r"layer mul \(mul\) puts together what lies in maps of different shapes: 4×6×8 and 4×1×1",
    ),
    "rows of the same length from different maps": (
        through(
            lambda net, x: net.other(x).flatten(1) + x.flatten(1),
            other=nn.Sequential(nn.Conv2d(4, 8, 1), nn.MaxPool2d((1, 2))),
        ),
        ValueError,
        r"layer add \(add\) puts together .*: 8×6×4 and 4×6×8",
    ),
    "maps joined along their rows": (
        written(lambda net, x: net.tall(torch.cat([x, x], 2)), tall=nn.Conv2d(2, 2, 3)),
        TypeError,
        r"layer tall \(Conv2d\).*layer cat \(cat\) has put the positions of a map side by side",
    ),
    "a linear on a map's columns": (
        through(lambda net, x: net.columns(x), columns=nn.Linear(8, 8)),
        ValueError,
        r"layer columns \(Linear\).*no Flatten before it",
    ),
    "a linear for another size": (
        written(lambda net, x: net.small(net.conv(x).flatten(1))),
        ValueError,
        r"layer small \(Linear\).*4×6×8 = 192.*input size",
    ),
    "an adaptive pool with indices": (
        through(lambda net, x: net.pool(x)[0], pool=nn.AdaptiveMaxPool2d((6, 8), True)),
        TypeError,
        r"layer pool \(AdaptiveMaxPool2d\) gives back 2 tensors",
    ),
    "an adaptive pool of a row": (
        row(lambda net, x: net.pool(x), pool=nn.AdaptiveAvgPool2d(1)),
        TypeError,
        r"layer pool \(AdaptiveAvgPool2d\).*has put the positions of a map side by side",
    ),
    "a pool that rounds up to windows outside of its map": (
        written(
            lambda net, x: net.few(F.max_pool2d(net.conv(x), 2, 5, ceil_mode=True).flatten(1)),
            few=nn.Linear(4 * 2 * 3, 3),
        ),
        ValueError,
        r"layer max_pool2d .*ceil_mode",
    ),
    "a mean over the batch": (
        through(lambda net, x: x - x.mean(0)),
        TypeError,
        r"layer mean \(mean\) cannot be converted",
    ),
    "a mean over everything": (
        through(lambda net, x: x - x.mean()),
        TypeError,
        r"layer mean \(mean\).*depends on other positions",
    ),
    "a dropout that never rests": (
        through(lambda net, x: F.dropout(x, 0.5)),
        ValueError,
        r"layer dropout \(dropout\) drops at random in eval mode",
    ),
    "softmax over columns": (
        through(lambda net, x: x.softmax(-1)),
        TypeError,
        r"layer softmax \(softmax\).*depends on other positions",
    ),
    "softmax over positions": (
        row(lambda net, x: x.log_softmax(1)),
        TypeError,
        r"layer log_softmax .*layer flatten \(flatten\) has put the positions of a map",
    ),
    "batch norm of rows with positions": (
        row(lambda net, x: net.norm(x), norm=nn.BatchNorm1d(192)),
        TypeError,
        r"layer norm \(BatchNorm1d\).*has put the positions of a map side by side",
    ),
    "batch norm of the batch at hand": (
        after(lambda net, x: net.norm(x), norm=nn.BatchNorm1d(3, track_running_stats=False)),
        TypeError,
        r"layer norm \(BatchNorm1d\).*running statistics",
    ),
    "slopes for each position": (
        row(lambda net, x: net.prelu(x), prelu=nn.PReLU(192)),
        TypeError,
        r"layer prelu \(PReLU\).*has put the positions of a map side by side",
    ),
    "channels moved, and a convolution over them": (
        through(lambda net, x: net.over(x.permute(0, 2, 3, 1)), over=nn.Conv2d(6, 4, 1)),
        TypeError,
        r"layer over \(Conv2d\).*depends on other positions",
    ),
    "columns turned around": (
        through(lambda net, x: net.mix(x.flip(3)), mix=nn.Conv2d(4, 4, 3, padding=1)),
        TypeError,
        r"layer mix \(Conv2d\)",
    ),
    "a map beside its mirror": (
        through(lambda net, x: x + x.flip(3)),
        TypeError,
        r"layer add \(add\)",
    ),
    "large numbers of other positions": (
        through(lambda net, x: torch.where(x > 100, x.roll(1, 2), x)),
        TypeError,
        r"layer where \(where\) .*different positions",
    ),
    "chosen where others are large": (
        through(lambda net, x: x.masked_fill((x > 100).roll(1, 3), 0.0)),
        TypeError,
        r"layer masked_fill \(masked_fill\) .*different positions",
    ),
    "large others alone matter to a norm": (
        through(lambda net, x: F.normalize(x, dim=(1, 2, 3), eps=100.0)),
        TypeError,
        r"layer normalize \(normalize\)",
    ),
    "large channels alone are scaled down": (
        through(lambda net, x: torch.renorm(x, 2, 1, 100.0)),
        TypeError,
        r"layer renorm \(renorm\)",
    ),
    "a size written down, which is the crop's": (
        through(lambda net, x: F.interpolate(x, size=(6, 8))),
        TypeError,
        r"layer interpolate \(interpolate\)",
    ),
    "a table of positions that has learned nothing yet": (
        through(lambda net, x: x + TABLE),
        TypeError,
        r"layer add \(add\)",
    ),
    "one number for each crop": (
        written(lambda net, x: net.head(net.conv(x).flatten(1))[:, 0]),
        ValueError,
        r"layer getitem \(getitem\) gives one number for each crop, \[N\]",
    ),
    "the number of a crop's largest feature": (
        written(lambda net, x: F.one_hot(net.head(net.conv(x).flatten(1)).argmax(1), 3).float()),
        ValueError,
        r"layer one_hot \(one_hot\) reads what layer argmax .* one number for each crop",
    ),
    "what a script hides": (
        written(lambda net, x: net.head(scripted(net.conv(x)).flatten(1))),
        TypeError,
        r"torch\.jit\.script hides",
    ),
    "inference mode inside": (
        written(lambda net, x: net.head(in_inference_mode(net.conv, x).flatten(1))),
        ValueError,
        r"layer conv \(Conv2d\) works in inference mode",
    ),
    "a row whose places are chosen by values": (
        through(lambda net, x: x.gather(1, x.argmax(1, keepdim=True)).repeat(1, 4, 1, 1)),
        (TypeError, ValueError),
        r"layer gather \(gather\)",
    ),
    "a kernel that depends on the image": (
        through(lambda net, x: F.conv2d(x, x[:1].mean((2, 3), keepdim=True).repeat(4, 1, 1, 1))),
        ValueError,
        r"layer conv2d \(conv2d\) has a kernel that depends on the image",
    ),
    "noise": (
        through(lambda net, x: x + torch.randn_like(x)),
        TypeError,
        r"layer randn_like \(randn_like\).*on chance",
    ),
    "a number read from the values": (
        through(lambda net, x: x * x.max().item()),
        TypeError,
        r"layer item \(item\) reads the values",
    ),
    "a batch mixed with positions": (
        written(lambda net, x: net.part(net.conv(x).view(-1, 96)), part=nn.Linear(96, 3)),
        ValueError,
        r"layer part \(Linear\) reads what layer view \(view\) has made: the first",
    ),
    "a branch that looks at values": (
        written(branch_on_values),
        TypeError,
        r"layer bool \(bool\) reads the values",
    ),
    "in place behind a view": (
        written(in_place_behind_a_view),
        ValueError,
        r"layer head \(Linear\) reads what another layer has changed in place",
    ),
    "no flatten": (written(lambda net, x: net.conv(x)), ValueError, "has no Flatten"),
    "no last linear": (
        written(lambda net, x: net.conv(x).flatten(1)),
        ValueError,
        "without a Linear",
    ),
    "no convolution": (nn.Sequential(nn.Flatten(), nn.Linear(9, 2)), ValueError, "no Conv2d"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_converted_is_refused_with_name_and_reason(name):
    model, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        to_fcn(model, SIZE)
    with pytest.raises(error, match=message):
        geometry(model, SIZE)


def test_a_choice_by_values_is_refused_with_the_layer_around_it():
    model = written(lambda net, x: net.head(net.deep(net.conv(x)).flatten(1)))
    model.deep = nn.Sequential(nn.ReLU(), Written(lambda net, x: x if x.mean() > 0 else -x))
    with pytest.raises(TypeError, match=r"layer deep\.1\.bool \(bool\) reads the values"):
        to_fcn(model, SIZE)


def test_layers_with_hooks_are_refused_and_the_hooks_never_run():
    model = written(flat)
    handle = model.head.register_forward_hook(lambda *_: pytest.fail("the hook ran"))
    with pytest.raises(ValueError, match=r"layer head \(Linear\) has a forward hook"):
        to_fcn(model, SIZE)
    assert len(model.head._forward_hooks) == 1
    handle.remove()
    assert check_equivalence(model, SIZE).equal


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_what_the_code_hides_is_found_by_comparing(dtype):
    with pytest.raises(ValueError, match="Counting computes something that its layers do not show"):
        to_fcn(Counting(None).to(dtype), SIZE)
    by_batch = through(lambda net, x: x * x.size(0)).to(dtype)
    with pytest.raises(ValueError, match="dependence on the batch"):
        to_fcn(by_batch, SIZE)
    nan = written(flat).to(dtype)
    assert to_fcn(nan, SIZE).head.weight.dtype == dtype
    nan.head.bias.data[0] = torch.nan
    with pytest.raises(ValueError, match="NaN"):
        to_fcn(nan, SIZE)


CONVERTED = {
    "layer norm of rows of one position": after(lambda net, x: net.norm(x), norm=nn.LayerNorm(3)),
    "many inputs, of which one is given": ManyInputs(None),
    "a tensor of its own": through(lambda net, x: x * net.scale, scale=LEARNED),
    "zeros made on the way": written(
        lambda net, x: net.wide(
            torch.cat([net.conv(x).flatten(1), torch.zeros_like(net.conv(x).flatten(1))], 1)
        ),
        wide=nn.Linear(384, 3),
    ),
    "a subclass of Linear": after(lambda net, x: net.weak(x), weak=HalfLinear(3, 3)),
    "uneven regions": written(
        lambda net, x: net.few(net.pool(net.conv(x)).flatten(1)),
        pool=nn.AdaptiveAvgPool2d((4, 5)),
        few=nn.Linear(4 * 4 * 5, 3),
    ),
    "regions that repeat": written(
        lambda net, x: net.few(F.adaptive_max_pool2d(net.conv(x), 12).flatten(1)),
        few=nn.Linear(4 * 12 * 12, 3),
    ),
    "pools that have nothing to round": through(
        lambda net, x: F.avg_pool2d(F.max_pool2d(x, 1, ceil_mode=True), 1, ceil_mode=True)
    ),
    "a mean over rows alone": written(
        lambda net, x: net.few(net.conv(x).mean(2).flatten(1)), few=nn.Linear(4 * 8, 3)
    ),
    "a mean over columns, then rows": written(
        lambda net, x: net.small(net.conv(x).mean(3).mean(2))
    ),
    "a sum over all": written(lambda net, x: net.small(net.conv(x).sum((2, 3)))),
    "the largest of rows, then of columns": written(
        lambda net, x: net.small(net.conv(x).max(3)[0].max(2).values)
    ),
    "channels last before flatten": through(lambda net, x: x.permute(0, 2, 3, 1)),
    "columns turned around before flatten": through(lambda net, x: x.flip(3)),
    "a part of the map": written(
        lambda net, x: net.few(net.conv(x)[:, :, 1:, 2:-1].flatten(1)), few=nn.Linear(4 * 5 * 5, 3)
    ),
    "a part of the map, and a convolution": written(
        lambda net, x: net.few(net.mix(net.conv(x)[:, 1:3, 1:, 2:-1]).flatten(1)),
        mix=nn.Conv2d(2, 4, 3),
        few=nn.Linear(4 * 3 * 3, 3),
    ),
    "every second row": written(
        lambda net, x: net.few(net.mix(net.conv(x)[:, :, ::2, 1::2]).flatten(1)),
        mix=nn.Conv2d(4, 4, 2),
        few=nn.Linear(4 * 2 * 3, 3),
    ),
    "a function with a kernel of its own": written(
        lambda net, x: net.few(F.conv2d(net.conv(x), net.scale).flatten(1)),
        scale=LEARNED,
        few=nn.Linear(48, 3),
    ),
    "one map divided by another": through(lambda net, x: x / x.exp()),
    "a sum with a factor inside": through(lambda net, x: torch.add(x, x, alpha=2)),
    "in place on a shortcut": written(in_place_on_a_shortcut),
    "added onto a shortcut": written(added_onto_a_shortcut),
    "powers, logarithms and bounds": through(
        lambda net, x: (x.clamp(min=0.1) ** 2).log() + x.abs().sqrt().clamp(max=0.5)
    ),
    "group norm of groups that are single positions": after(
        lambda net, x: net.norm(x), norm=nn.GroupNorm(1, 3)
    ),
    "softmax over the only dimension": after(lambda net, x: x.softmax(-1)),
    "a normalisation over channels": through(
        lambda net, x: F.normalize(F.local_response_norm(x, 3), dim=1)
    ),
    "layer norm over channels": through(
        lambda net, x: net.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), norm=nn.LayerNorm(4)
    ),
    "a linear over channels": through(
        lambda net, x: net.widen(F.gelu(net.norm(x.permute(0, 2, 3, 1)))).permute(0, 3, 1, 2),
        norm=nn.LayerNorm(4),
        widen=nn.Linear(4, 4),
    ),
    "instance norm with running statistics": through(
        lambda net, x: net.norm(x), norm=nn.InstanceNorm2d(4, track_running_stats=True)
    ),
    "channels shuffled": written(
        lambda net, x: net.few(net.mix(shuffled(net.conv(x))).flatten(1)),
        mix=nn.Conv2d(4, 4, 3, groups=2),
        few=nn.Linear(4 * 4 * 6, 3),
    ),
    "channels split": through(
        lambda net, x: torch.cat([x.chunk(2, 1)[1].relu(), x.split([2, 2], 1)[0].tanh()], 1)
    ),
    "a corner of the pooled map": written(
        lambda net, x: net.small(F.adaptive_avg_pool2d(net.conv(x), 1)[:, :, 0, 0])
    ),
    "sizes asked for in Python": through(
        lambda net, x: sum(x * (i + 1) for i in range(len(x.shape))) if x.shape[2] > 5 else x
    ),
    "layers made on the way": through(lambda net, x: nn.Tanh()(nn.LeakyReLU(0.3)(x))),
    "a threshold": through(lambda net, x: F.threshold(x, 0.1, -1.0)),
    "nothing special": written(flat),
    "torch.flatten": written(lambda net, x: net.head(torch.flatten(net.conv(x), 1))),
    "view": written(lambda net, x: net.head(net.conv(x).view(x.size(0), -1))),
    "view of a shape": written(lambda net, x: net.head(net.conv(x).view(x.shape[0], 4 * 6 * 8))),
    "view of -1": written(lambda net, x: net.head(net.conv(x).view(-1, 192))),
    "reshape": written(lambda net, x: net.head(torch.reshape(net.conv(x), (x.shape[0], -1)))),
    "flattened twice": written(lambda net, x: net.head(net.conv(x).flatten(1).flatten(1))),
    "contiguous": through(lambda net, x: x.contiguous()),
    "functional activations": through(
        lambda net, x: F.gelu(F.silu(F.elu(F.leaky_relu(F.relu6(x) - 0.1, 0.3), 0.7)))
    ),
    "arithmetic": through(lambda net, x: 1 - (x - 0.5) / 0.25 * 2),
    "activations by hand": through(lambda net, x: x * torch.sigmoid(x) - x.tanh()),
    "softmax over the channels of a map": through(lambda net, x: F.softmax(x, dim=1)),
    "softmax after the last": after(lambda net, x: F.softmax(x, dim=-1)),
    "log softmax": after(lambda net, x: net.last(x), last=nn.LogSoftmax(dim=1)),
    "dropout": row(lambda net, x: F.dropout(x, 0.5, net.training)),
    "prelu of channels": through(lambda net, x: net.prelu(x), prelu=nn.PReLU(4)),
    "mean": written(lambda net, x: net.small(net.conv(x).mean((2, 3)))),
    "mean, other dims": written(lambda net, x: net.small(torch.mean(net.conv(x), dim=[-1, -2]))),
    "mean, kept": written(
        lambda net, x: net.small(net.conv(x).mean((2, 3), keepdim=True).flatten(1))
    ),
    "mean, squeezed": written(
        lambda net, x: net.small(F.adaptive_avg_pool2d(net.conv(x), 1).squeeze())
    ),
    "largest": written(lambda net, x: net.small(net.conv(x).amax((2, 3)))),
    "pool of the map's size": written(
        lambda net, x: net.small(F.avg_pool2d(net.conv(x), (6, 8)).flatten(1))
    ),
    "adaptive pools": written(
        lambda net, x: net.few(F.adaptive_avg_pool2d(net.conv(x), (3, 2)).flatten(1)),
        few=nn.Linear(4 * 3 * 2, 3),
    ),
    "adaptive pool in one direction": written(
        lambda net, x: net.few(net.pool(net.conv(x)).flatten(1)),
        pool=nn.AdaptiveMaxPool2d((None, 1)),
        few=nn.Linear(4 * 6, 3),
    ),
    "rows of one map added": row(lambda net, x: x + x.relu()),
    "rows of one map joined": written(
        lambda net, x: net.wide(torch.cat([net.conv(x).flatten(1), net.other(x).flatten(1)], 1)),
        other=nn.Conv2d(2, 3, 3),
        wide=nn.Linear(7 * 48, 3),
    ),
    "a row back to a map": written(
        lambda net, x: net.small(net.mix(net.conv(x).mean((2, 3)).view(-1, 4, 1, 1)).flatten(1)),
        mix=nn.Conv2d(4, 4, 1),
    ),
    "a residual of rows": after(lambda net, x: x + net.more(x).relu(), more=nn.Linear(3, 3)),
    "batch norm of rows of one place": after(
        lambda net, x: net.last(net.norm(x).relu()), norm=nn.BatchNorm1d(3), last=nn.Linear(3, 2)
    ),
    "batch norm without its own numbers": after(
        lambda net, x: net.norm(x), norm=nn.BatchNorm1d(3, affine=False)
    ),
    "a layer used twice": through(
        lambda net, x: net.mix(net.mix(x).relu()), mix=nn.Conv2d(4, 4, 1)
    ),
    "twice the same": through(lambda net, x: x + x),
    "a difference with its sides named, the second first": through(
        lambda net, x: torch.sub(other=x.relu(), input=x)
    ),
    "in place where nobody minds": through(lambda net, x: F.relu_(x.mul_(2)).add_(1)),
    "the image itself used again": written(
        lambda net, x: net.head((net.conv(x) + net.other(x)).flatten(1)), other=nn.Conv2d(2, 4, 3)
    ),
    "a norm of channels that holds for large numbers only": through(
        lambda net, x: F.normalize(x, dim=1, eps=100.0)
    ),
    "each position divided by its largest channel, channels last": through(
        lambda net, x: channels_last(x, lambda u: u / (1 + u.amax(-1, keepdim=True)))
    ),
    "layer norm by hand, channels last": through(
        lambda net, x: channels_last(
            x, lambda u: (u - u.mean(-1, keepdim=True)) / (u.std(-1, keepdim=True) + 1)
        )
    ),
    "channels in groups, weighed against each other": through(
        lambda net, x: (lambda u: (u * u.mean(2, keepdim=True).softmax(1)).view(x.shape))(
            x.view(-1, 2, 2, *x.shape[2:])
        )
    ),
    "tensors of the image's type": through(
        lambda net, x: (
            x + torch.ones(4, 1, 1).to(x) + x.new_full((1,), 2.0) + TABLE[:, :1, :1].type_as(x)
        )
    ),
    "a shuffle of pixels": written(
        lambda net, x: net.head(F.pixel_shuffle(net.conv(x), 2).flatten(1))
    ),
    "named arguments": written(
        lambda net, x: F.linear(
            input=F.conv2d(input=x, weight=net.conv.weight).flatten(1), weight=net.head.weight
        )
    ),
    "a matrix product at the end": written(
        lambda net, x: torch.mm(net.conv(x).flatten(1), net.head.weight.T)
    ),
    "a mean of a named type": written(
        lambda net, x: net.small(net.conv(x).mean((2, 3), dtype=x.dtype))
    ),
    "an unused branch": written(lambda net, x: (net.conv(x).exp(), flat(net, x))[1]),
    "settings with defaults": WithSettings(None),
    "checks of the shape": written(
        lambda net, x: (torch._assert(x.dim() == 4, "maps"), flat(net, x))[1]
    ),
    "half pools": written(
        lambda net, x: net.few(F.avg_pool2d(F.max_pool2d(net.conv(x), 2, 1), (1, 3)).flatten(1)),
        few=nn.Linear(4 * 5 * 2, 3),
    ),
}


@pytest.mark.parametrize(("scale", "dtype"), [(1, torch.float32), (1000, torch.float64)])
@pytest.mark.parametrize("name", CONVERTED)
@torch.no_grad()
def test_what_can_be_converted_is_equal_in_every_cell(name, scale, dtype):
    model = copy.deepcopy(CONVERTED[name]).to(dtype)
    generator = torch.Generator().manual_seed(3)
    image = scale * torch.randn(2, SIZE[0] + 9, SIZE[1] + 7, generator=generator, dtype=dtype)
    reference = copy.deepcopy(model).eval()
    fcn = to_fcn(model, SIZE)
    assert fcn.geometry.exact
    down, right = fcn.geometry.stride
    expected = torch.stack(
        [
            torch.cat(
                [
                    reference(image[None, :, top : top + 8, left : left + 10].clone()).view(1, -1)
                    for left in range(0, 8, right)
                ]
            )
            for top in range(0, 10, down)
        ]
    ).permute(2, 0, 1)
    cells = fcn.eval()(image[None].clone())[0]
    cells = cells[:, : expected.shape[1], : expected.shape[2]]
    assert cells.shape == expected.shape
    largest = expected.nan_to_num(0, 0, 0).abs().max().item()
    torch.testing.assert_close(cells, expected, rtol=0, atol=1e-5 * largest, equal_nan=scale > 1)


def test_functional_dropout_drops_while_training():
    fcn = to_fcn(CONVERTED["dropout"].train(), SIZE)
    assert fcn.dropout.p == 0.5
    assert fcn.dropout.training
    CONVERTED["dropout"].eval()


def test_functional_dropout_in_a_frozen_part_drops_nothing():
    model = written(lambda net, x: net.head(net.part(net.conv(x)).flatten(1)))
    model.part = Written(lambda net, x: F.dropout(x, 0.5, net.training))
    model.train().part.eval()
    layers = dict(to_fcn(model, SIZE).named_children())
    assert [layer.training for name, layer in layers.items() if "dropout" in name] == [False]
    assert layers["conv"].training


def test_the_image_is_not_changed_by_layers_that_work_in_place():
    model = nn.Sequential(
        nn.ReLU(inplace=True), nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(192, 2)
    )
    image = torch.randn(1, 2, 9, 11)
    before = image.clone()
    to_fcn(model, SIZE)(image)
    assert torch.equal(image, before)
    assert model[0].inplace


def test_steps_of_function_calls_have_names_and_layers():
    model = written(lambda net, x: F.relu(net.head(net.block(x).flatten(1))))
    model.block = nn.Sequential(model.conv, Written(lambda net, x: F.max_pool2d(x, 1)))
    steps = list(conversion_steps(model, SIZE))
    names = ["conv", "block.1.max_pool2d", "flatten", "head", "relu"]
    assert [step.name for step in steps] == names
    assert [type(step.original) for step in steps] == [
        nn.Conv2d,
        nn.MaxPool2d,
        nn.Flatten,
        nn.Linear,
        nn.ReLU,
    ]
    assert steps[2].converted is None
    assert steps[2].inputs == ("block.1.max_pool2d",)


def test_a_network_with_branches_says_so_and_is_not_cut():
    fcn = to_fcn(CONVERTED["the image itself used again"], SIZE)
    assert "other reads the image" in repr(fcn)
    assert "add reads conv, other" in repr(fcn)
    with pytest.raises(TypeError, match="branches"):
        fcn[1:]
    assert isinstance(fcn[0], nn.Conv2d)
    chain = to_fcn(CONVERTED["nothing special"], SIZE)
    assert len(chain[1:]) == 1
    assert " reads " not in repr(chain)


def test_a_layer_with_a_forward_of_its_own_is_refused():
    model = nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten(), nn.Linear(4 * 16 * 16, 2))
    original = model[0].forward
    model[0].forward = lambda x: 2 * original(x)
    with pytest.raises(ValueError, match=r"layer 0 \(Conv2d\) has a forward of its own"):
        to_fcn(model, (20, 20))


@pytest.mark.parametrize(
    "function",
    [
        lambda u: u * u.amax(-1, keepdim=True),
        lambda u: u - u.mean(-1, keepdim=True),
        lambda u: u + u.norm(dim=-1, keepdim=True),
    ],
)
@torch.no_grad()
def test_channels_are_never_cut_off_behind_a_relu_that_lets_nothing_through(function):
    model = through(lambda net, x: channels_last(F.relu(net.conv.bias.new_tensor(0) + x), function))
    model.conv.bias.data.fill_(-20.0)
    fcn, image = to_fcn(model, SIZE), 100 * torch.randn(1, 2, *SIZE)
    expected = model(image)
    assert expected.std() > 1
    assert (fcn(image).flatten(1) - expected).abs().max() < 1e-4 * expected.abs().max()


def test_large_numbers_are_tried_in_half_precision_too():
    model = through(lambda net, x: torch.renorm(x, 2, 0, 3000.0)).half()
    with pytest.raises(TypeError, match=r"layer renorm"):
        to_fcn(model, SIZE)


@torch.no_grad()
def test_an_fcn_reads_as_many_channels_as_its_classifier_read():
    """One that asks for their number reads several, but does not do the same with each."""
    by_number = written(
        lambda net, x: net.head(net.one(x.sum(1, keepdim=True) / x.shape[1]).flatten(1))
    )
    by_mean = written(lambda net, x: net.head(net.one(x.mean(1, keepdim=True)).flatten(1)))
    for model in (by_number, by_mean):
        model.conv, model.one = nn.Identity(), nn.Conv2d(1, 4, 3)
    grey, colour = torch.randn(2, 1, *SIZE), torch.randn(2, 3, *SIZE)
    assert torch.allclose(to_fcn(by_number, SIZE)(grey).flatten(1), by_number(grey), atol=1e-5)
    with pytest.raises(ValueError, match="reads images of 1 channels, not 3"):
        to_fcn(by_number, SIZE)(colour)
    fcn = to_fcn(by_mean, SIZE)
    for image in (grey, colour):
        assert torch.allclose(fcn(image).flatten(1), by_mean(image), atol=1e-5)


def test_an_fcn_can_be_pickled():
    layers = nn.Conv2d(2, 4, 3), nn.AdaptiveMaxPool2d((4, 5)), nn.Flatten(), nn.Linear(80, 3)
    fcn = to_fcn(nn.Sequential(*layers), SIZE)
    image = torch.randn(1, 2, 12, 15)
    assert torch.equal(pickle.loads(pickle.dumps(fcn))(image), fcn(image))


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: x.cumsum(3),
        lambda net, x: x + x.roll(1, 2),
        lambda net, x: F.layer_norm(x, x.shape[1:]),
    ],
)
def test_a_relu_that_lets_nothing_through_hides_nothing(function):
    """On maps of zeros every function looks as if it treated each position by itself."""
    model = through(lambda net, x: function(net, F.relu(x)))
    model.conv.weight.data.fill_(-1.0)
    model.conv.bias.data.fill_(-20.0)  # crops of the conversion never get past it; others may
    with pytest.raises(TypeError, match=r"layer (cumsum|add|layer_norm) .*cannot be converted"):
        to_fcn(model, SIZE)
