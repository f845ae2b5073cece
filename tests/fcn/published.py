"""Many small networks of many families, written from their papers' descriptions, for the tests.

Few channels and small crops, but each family's own way of wiring, pooling and normalising. With
each network: its crops' (channels, height, width), and what must come of it: "exact" (every cell of
a larger image equals the crop under it), "padded" (equal on crops), or a pattern that the refusal
must match.
"""

import torch
import torch.nn.functional as F
from torch import nn


class Do(nn.Module):
    """A module whose forward pass is the function, called with itself and the input."""

    def __init__(self, function, **layers):
        super().__init__()
        self.function = function
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.function(self, x)


class Around(nn.Module):
    """A residual connection: shortcut(x) + body(x), and something after it."""

    def __init__(self, *body, shortcut=None, after=None):
        super().__init__()
        self.body = nn.Sequential(*body)
        self.shortcut, self.after = shortcut or nn.Identity(), after or nn.Identity()

    def forward(self, x):
        out = self.body(x)
        out += self.shortcut(x)
        return self.after(out)


class Beside(nn.Module):
    """Paths side by side, their channels joined."""

    def __init__(self, *paths):
        super().__init__()
        self.paths = nn.ModuleList(paths)

    def forward(self, x):
        return torch.cat([path(x) for path in self.paths], 1)


def conv(before, after, kernel=3, stride=1, pad=None, groups=1, act=nn.ReLU, norm=True):
    """Convolution, batch norm, activation."""
    pad = kernel // 2 if pad is None and isinstance(kernel, int) else pad or 0
    layers = [nn.Conv2d(before, after, kernel, stride, pad, groups=groups, bias=not norm)]
    layers += [nn.BatchNorm2d(after)] if norm else []
    return nn.Sequential(*layers, *([act()] if act else []))


def head(channels, classes=3):
    """Global average pooling and one Linear."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def seq(*layers):
    return nn.Sequential(*layers)


# Before 2015: plain chains


def lenet5(pool, act):
    features = [nn.Conv2d(1, 4, 5), act(), pool(2), nn.Conv2d(4, 6, 5), act(), pool(2)]
    return seq(*features, nn.Flatten(), nn.Linear(6 * 2 * 4, 8), act(), nn.Linear(8, 3))


def lenet5_subsampling():
    """The original's pools have a learned scale and a bias for each channel."""

    def pool(channels):
        return Do(
            lambda m, x: torch.sigmoid(F.avg_pool2d(x, 2) * m.scale + m.bias),
            scale=nn.Parameter(4 + torch.rand(channels, 1, 1)),
            bias=nn.Parameter(torch.rand(channels, 1, 1)),
        )

    return seq(
        nn.Conv2d(1, 4, 3),
        pool(4),
        nn.Conv2d(4, 5, 3),
        pool(5),
        nn.Flatten(),
        nn.Linear(5 * 2 * 4, 3),
    )


def alexnet(norm):
    """Local response normalisation and overlapping pools."""
    return seq(
        nn.Conv2d(3, 6, 5, 2),
        nn.ReLU(),
        *norm(6),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(6, 8, 3, groups=2),
        nn.ReLU(),
        *norm(8),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(8 * 2 * 4, 10),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(10, 3),
    )


def vgg(plan, norm, pad):
    layers, channels = [], 3
    for width in plan:
        if width == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers.append(conv(channels, width, pad=pad, norm=norm))
            channels = width
    return seq(*layers, nn.AdaptiveAvgPool2d((2, 2)), nn.Flatten(), nn.Linear(channels * 4, 3))


def network_in_network():
    def block(before, after):
        return seq(*(conv(a, after, k, pad=0, norm=False) for a, k in ((before, 3), (after, 1))))

    return seq(
        block(3, 6),
        nn.MaxPool2d(2),
        nn.Dropout(),
        block(6, 4),
        nn.AdaptiveAvgPool2d(1),
        Do(lambda m, x: x[:, :, 0, 0]),
        nn.Linear(4, 3),
    )


def all_convolutional():
    """Strides in place of pools, and 1×1 convolutions in place of Linear layers."""
    return seq(
        conv(3, 4, pad=0),
        conv(4, 6, 3, 2, pad=0),
        conv(6, 6, 1),
        nn.Conv2d(6, 3, 1),
        Do(lambda m, x: x.mean((2, 3))),
    )


def maxout():
    def piece(channels):
        return Do(lambda m, x: x.view(len(x), channels, 2, *x.shape[2:]).max(2)[0])

    return seq(
        nn.Conv2d(3, 8, 3),
        piece(4),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3),
        piece(3),
        nn.Flatten(),
        nn.Linear(3 * 3 * 5, 3),
    )


def highway():
    def gate(m, x):
        carry = torch.sigmoid(m.carry(x))
        return carry * F.relu(m.change(x)) + (1 - carry) * x

    block = Do(gate, carry=nn.Conv2d(4, 4, 1), change=nn.Conv2d(4, 4, 1))
    return seq(nn.Conv2d(3, 4, 3, 2), block, nn.Flatten(), nn.Linear(4 * 5 * 7, 3))


# Inception


def inception(pad_pool, kernel=3):
    pool = nn.Identity() if not pad_pool else nn.MaxPool2d(3, 1, 1)
    middle = [conv(4, 4, 1), conv(4, 5, kernel)] if pad_pool else [conv(4, 5, 1)]
    return Beside(conv(4, 3, 1), seq(*middle), seq(pool, conv(4, 2, 1)))


def googlenet():
    """Pools that round up, and LRN."""
    return seq(
        nn.Conv2d(3, 4, 3, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.LocalResponseNorm(3),
        inception(True),
        nn.MaxPool2d(2, 2, ceil_mode=True),
        head(10),
    )


def inception_v3():
    """Factorised kernels, 1×3 and 3×1."""
    factorised = Beside(
        conv(4, 3, (1, 3), pad=(0, 1)),
        seq(conv(4, 3, (1, 3), pad=(0, 1)), conv(3, 4, (3, 1), pad=(1, 0))),
    )
    reduction = Beside(conv(7, 4, 3, 2, pad=0), nn.MaxPool2d(3, 2))
    normalised = Do(lambda m, x: torch.cat([x[:, i : i + 1] * 0.4 - 0.1 for i in range(3)], 1))
    return seq(normalised, conv(3, 4, 3, 2, pad=0), factorised, reduction, head(11))


def unpadded_inception():
    """Paths without padding; the others are cropped to the smallest."""

    def paths(m, x):
        wide = m.wide(x)
        return torch.cat([m.narrow(x)[:, :, 1:-1, 1:-1], wide, x[:, :, 1:-1, 1:-1]], 1)

    block = Do(paths, wide=conv(4, 3, 3, pad=0), narrow=conv(4, 2, 1))
    return seq(nn.Conv2d(3, 4, 3, 2), block, head(9))


# Residual networks


def resnet(block, stem_pool=True):
    pool = [nn.MaxPool2d(3, 2, 1)] if stem_pool else []
    return seq(conv(3, 4, 3, 2), *pool, block(4, 4, 1), block(4, 8, 2), block(8, 8, 1), head(8))


def needs_shortcut(before, after, stride):
    return conv(before, after, 1, stride, act=None) if (before, 1) != (after, stride) else None


def basic(before, after, stride):
    body = conv(before, after, 3, stride), conv(after, after, act=None)
    return Around(*body, shortcut=needs_shortcut(before, after, stride), after=nn.ReLU(True))


def bottleneck(before, after, stride, groups=1):
    body = conv(before, 4, 1), conv(4, 4, 3, stride, groups=groups), conv(4, after, 1, act=None)
    return Around(*body, shortcut=needs_shortcut(before, after, stride), after=nn.ReLU(True))


def resnext(before, after, stride):
    return bottleneck(before, after, stride, groups=2)


def preactivation(before, after, stride):
    def block(m, x):
        x = m.norm(x).relu_()
        return m.body(x) + m.shortcut(x)

    body = seq(
        nn.Conv2d(before, after, 3, stride, 1),
        nn.BatchNorm2d(after),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Conv2d(after, after, 3, padding=1),
    )
    shortcut = nn.Conv2d(before, after, 1, stride)
    return Do(block, norm=nn.BatchNorm2d(before), body=body, shortcut=shortcut)


def option_a(before, after, stride):
    """The shortcut has no weights: every second position, and channels of zeros."""
    more = (after - before) // 2
    shortcut = Do(lambda m, x: F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, more, more)))
    return Around(
        conv(before, after, 3, stride),
        conv(after, after, act=None),
        shortcut=shortcut,
        after=nn.ReLU(),
    )


def resnet_d(before, after, stride):
    """The shortcut pools, rounding up, before its 1×1 convolution."""
    pool = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
    body = conv(before, after, 3, stride), conv(after, after, act=None)
    return Around(*body, shortcut=seq(pool, conv(before, after, 1, act=None)), after=nn.ReLU())


def stochastic_depth(before, after, stride):
    def drop(m, x):
        if not m.training:
            return x
        return x * torch.bernoulli(torch.full((len(x), 1, 1, 1), 0.8, device=x.device))

    body = conv(before, after, 3, stride), conv(after, after, act=None), Do(drop)
    return Around(*body, shortcut=needs_shortcut(before, after, stride), after=nn.ReLU())


def res2net(before, after, stride):
    def split(m, x):
        parts, out = torch.split(x, 2, 1), []
        for i, part in enumerate(parts):
            out.append(part if i == 0 else m.convs[i - 1](part + out[-1] if i > 1 else part))
        return torch.cat(out, 1)

    inner = Do(split, convs=nn.ModuleList([conv(2, 2), conv(2, 2), conv(2, 2)]))
    body = conv(before, 8, 1, stride), inner, conv(8, after, 1, act=None)
    return Around(*body, shortcut=needs_shortcut(before, after, stride), after=nn.ReLU())


def bagnet():
    """Residuals whose main path does not pad: the shortcut is cropped."""

    def block(m, x):
        y = m.body(x)
        cut = (x.size(-1) - y.size(-1)) // 2
        return F.relu(y + x[:, :, cut:-cut, cut:-cut])

    def bag():
        return Do(block, body=seq(conv(4, 3, 1), conv(3, 3, 3, pad=0), conv(3, 4, 1, act=None)))

    return seq(conv(3, 4, 3, 2, pad=0), bag(), bag(), head(4))


def reversible():
    """RevNet: two halves of the channels, each changed by the other."""

    def block(m, x):
        one, other = x.chunk(2, dim=1)
        one = one + m.f(other)
        return torch.cat((one, other + m.g(one)), dim=1)

    return seq(conv(3, 6, 3, 2, pad=0), Do(block, f=conv(3, 3, 1), g=conv(3, 3, 1)), head(6))


def dual_path():
    """DPN: one part of the channels is added, the other joined."""

    def block(m, x):
        y = m.body(x)
        return torch.cat([x[:, :4] + y[:, :4], x[:, 4:], y[:, 4:]], dim=1)

    return seq(conv(3, 6), Do(block, body=conv(6, 7)), Do(block, body=conv(9, 7)), head(12))


def fractal():
    def join(m, x):
        return torch.stack([m.short(x), m.long(x)]).mean(0)

    return seq(conv(3, 4), Do(join, short=conv(4, 5), long=seq(conv(4, 5), conv(5, 5))), head(5))


def fractal_by_hand():
    def join(m, x):
        return (m.short(x) + m.long(x)) / 2

    return seq(
        conv(3, 4, pad=0),
        Do(join, short=conv(4, 5, 1), long=seq(conv(4, 5, 1), conv(5, 5, 1))),
        nn.Flatten(),
        nn.Linear(5 * 10 * 14, 3),
    )


# Joined again and again


def densenet(pad):
    def layer(before):
        return seq(
            nn.BatchNorm2d(before), nn.ReLU(), nn.Conv2d(before, 3, 2 * pad + 1, padding=pad)
        )

    def dense(m, x):
        features = [x]
        for single in m.layers:
            features.append(single(torch.cat(features, 1)))
        return torch.cat(features, 1)

    block = Do(dense, layers=nn.ModuleList([layer(4), layer(7)]))
    transition = seq(nn.BatchNorm2d(10), nn.ReLU(), nn.Conv2d(10, 5, 1), nn.AvgPool2d(2))
    return seq(nn.Conv2d(3, 4, 3), block, transition, nn.BatchNorm2d(5), nn.ReLU(), head(5))


def vovnet():
    def osa(m, x):
        out = [x]
        for layer in m.layers:
            out.append(layer(out[-1]))
        return m.last(torch.cat(out, 1))

    layers = nn.ModuleList([conv(4, 3), conv(3, 3)])
    return seq(conv(3, 4, 3, 2), Do(osa, layers=layers, last=conv(10, 6, 1)), head(6))


def cspnet():
    def cross_stage(m, x):
        kept, worked = x[:, :3], x[:, 3:]
        return m.last(torch.cat([kept, m.body(worked)], 1))

    act = lambda: nn.LeakyReLU(0.1)  # noqa: E731
    body = Around(conv(3, 2, 1, act=act), conv(2, 3, act=act))
    return seq(conv(3, 6, 3, 2, act=act), Do(cross_stage, body=body, last=conv(6, 5, 1)), head(5))


def darknet():
    act = lambda: nn.LeakyReLU(0.1)  # noqa: E731
    return seq(
        conv(3, 4, act=act),
        conv(4, 6, 3, 2, act=act),
        Around(conv(6, 3, 1, act=act), conv(3, 6, act=act)),
        head(6),
    )


def yolo_focus():
    """Every second pixel, four times, as channels."""
    focus = Do(
        lambda m, x: torch.cat(
            [x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1
        )
    )
    return seq(focus, conv(12, 4, pad=0, act=nn.SiLU), nn.Flatten(), nn.Linear(4 * 4 * 6, 3))


def squeezenet(ceil):
    def fire(before, squeezed, after):
        return seq(
            conv(before, squeezed, 1, norm=False),
            Beside(conv(squeezed, after, 1, norm=False), conv(squeezed, after, norm=False)),
        )

    return seq(
        nn.Conv2d(3, 4, 3, 2),
        nn.ReLU(True),
        nn.MaxPool2d(3, 2, ceil_mode=ceil),
        fire(4, 2, 3),
        nn.Dropout(),
        nn.Conv2d(6, 3, 1),
        nn.ReLU(True),
        nn.AdaptiveAvgPool2d((1, 1)),
        Do(lambda m, x: torch.flatten(x, 1)),
    )


def peleenet():
    stem = Do(lambda m, x: torch.cat([m.conv(x), F.max_pool2d(x, 2)], 1), conv=conv(4, 4, 3, 2))
    return seq(conv(3, 4), stem, conv(8, 4, 1), nn.AvgPool2d(2), head(4))


# For telephones


def separable(before, after, stride=1, act=nn.ReLU):
    return seq(
        conv(before, before, 3, stride, groups=before, act=act), conv(before, after, 1, act=act)
    )


def mobilenet_v1():
    return seq(conv(3, 4, 3, 2), separable(4, 6), separable(6, 8, 2), head(8))


def unpadded_mobilenet():
    return seq(
        nn.Conv2d(3, 4, 3, 2),
        nn.Hardswish(),
        nn.Conv2d(4, 4, 3, groups=4),
        nn.Conv2d(4, 6, 1),
        nn.Hardswish(),
        head(6),
    )


def inverted(before, after, stride, act=nn.ReLU6, gate=None):
    body = [conv(before, 6, 1, act=act), conv(6, 6, 3, stride, groups=6, act=act)]
    body += [gate] if gate else []
    body += [conv(6, after, 1, act=None)]
    return Around(*body) if stride == 1 and before == after else seq(*body)


def mobilenet_v2():
    return seq(
        conv(3, 4, 3, 2, act=nn.ReLU6),
        inverted(4, 4, 1),
        inverted(4, 6, 2),
        Do(lambda m, x: x.mean([2, 3])),
        nn.Dropout(0.2),
        nn.Linear(6, 3),
    )


def squeeze_and_excite(channels):
    return Do(
        lambda m, x: x * m.gate(F.adaptive_avg_pool2d(x, 1)),
        gate=seq(nn.Conv2d(channels, 2, 1), nn.ReLU(), nn.Conv2d(2, channels, 1), nn.Hardsigmoid()),
    )


def mobilenet_v3(gate):
    return seq(
        conv(3, 4, 3, 2, act=nn.Hardswish),
        inverted(4, 4, 1, nn.Hardswish, gate),
        nn.AdaptiveAvgPool2d(1),
        nn.Conv2d(4, 8, 1),
        nn.Hardswish(),
        nn.Flatten(),
        nn.Linear(8, 3),
    )


def efficientnet(gate):
    return seq(conv(3, 4, 3, 2, act=nn.SiLU), inverted(4, 4, 1, nn.SiLU, gate), head(4))


def channel_shuffle(groups):
    def shuffle(m, x):
        count, channels, rows, cols = x.shape
        x = x.view(count, groups, channels // groups, rows, cols)
        return torch.transpose(x, 1, 2).contiguous().view(count, -1, rows, cols)

    return Do(shuffle)


def shufflenet_v1():
    unit = Around(
        conv(4, 4, 1, groups=2),
        channel_shuffle(2),
        conv(4, 4, groups=4, act=None),
        conv(4, 4, 1, groups=2, act=None),
        after=nn.ReLU(),
    )
    down = Beside(
        nn.AvgPool2d(3, 2, 1),
        seq(conv(4, 4, 1, groups=2), channel_shuffle(2), conv(4, 4, 3, 2, groups=4)),
    )
    return seq(conv(3, 4), unit, down, head(8))


def shufflenet_v2(pad):
    kernel = 3 if pad else 1

    def unit(m, x):
        kept, worked = x.chunk(2, dim=1)
        return m.shuffle(torch.cat((kept, m.body(worked)), dim=1))

    body = seq(conv(3, 3, 1), conv(3, 3, kernel, groups=3, act=None), conv(3, 3, 1))
    return seq(
        conv(3, 6, pad=0),
        Do(unit, body=body, shuffle=channel_shuffle(2)),
        nn.ChannelShuffle(3),
        conv(6, 6, 1),
        head(6),
    )


def shufflenet_of_the_authors():
    """megvii's own way to shuffle: the batch and the channels in one dimension for a moment."""

    def shuffle(x):
        count, channels, rows, cols = x.size()
        assert channels % 4 == 0
        x = x.reshape(count * channels // 2, 2, rows * cols).permute(1, 0, 2)
        x = x.reshape(2, -1, channels // 2, rows, cols)
        return x[0], x[1]

    def unit(m, x):
        kept, worked = shuffle(x)
        return torch.cat((kept, m.body(worked)), 1)

    return seq(
        conv(3, 4, pad=0), Do(unit, body=conv(2, 2, 1)), Do(unit, body=conv(2, 2, 1)), head(4)
    )


def xception():
    block = Around(
        nn.ReLU(),
        separable(4, 6),
        separable(6, 6),
        nn.MaxPool2d(3, 2, 1),
        shortcut=conv(4, 6, 1, 2, act=None),
    )
    return seq(conv(3, 4, pad=0), block, separable(6, 8), head(8))


def ghostnet():
    def ghost(m, x):
        first = m.primary(x)
        return torch.cat([first, m.cheap(first)], dim=1)[:, : m.wanted, :, :]

    module = Do(ghost, primary=conv(4, 4, 1), cheap=conv(4, 4, groups=4))
    module.wanted = 7
    return seq(conv(3, 4, 3, 2), module, head(7))


def mnasnet():
    return seq(
        conv(3, 4, 3, 2),
        inverted(4, 5, 2, nn.ReLU),
        inverted(5, 5, 1, nn.ReLU),
        Do(lambda m, x: F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1)),
        nn.Linear(5, 3),
    )


# Later


def convnext(kernel):
    """LayerNorm and Linear over channels that lie last, and a learned scale of the branch."""

    def block(m, x):
        y = m.depthwise(x).permute(0, 2, 3, 1)
        y = m.scale * m.narrow(F.gelu(m.wide(m.norm(y))))
        return x + y.permute(0, 3, 1, 2)

    def layer_norm_first(m, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-6)
        return m.weight[:, None, None] * x + m.bias[:, None, None]

    one = Do(
        block,
        depthwise=nn.Conv2d(4, 4, kernel, padding=kernel // 2, groups=4),
        norm=nn.LayerNorm(4),
        wide=nn.Linear(4, 8),
        narrow=nn.Linear(8, 4),
        scale=nn.Parameter(torch.rand(4)),
    )
    norm = Do(
        layer_norm_first, weight=nn.Parameter(torch.rand(4)), bias=nn.Parameter(torch.rand(4))
    )
    return seq(
        nn.Conv2d(3, 4, 2, 2),
        norm,
        one,
        Do(lambda m, x: m.norm(x.mean([-2, -1])), norm=nn.LayerNorm(4)),
        nn.Linear(4, 3),
    )


def convmixer():
    block = seq(
        Around(nn.Conv2d(4, 4, 3, padding="same", groups=4), nn.GELU(), nn.BatchNorm2d(4)),
        nn.Conv2d(4, 4, 1),
        nn.GELU(),
        nn.BatchNorm2d(4),
    )
    return seq(nn.Conv2d(3, 4, 3, 3), nn.GELU(), nn.BatchNorm2d(4), block, head(4))


def repvgg():
    def block(m, x):
        return F.relu(m.three(x) + m.one(x) + m.norm(x))

    return seq(
        conv(3, 4, 3, 2),
        Do(block, three=conv(4, 4, act=None), one=conv(4, 4, 1, act=None), norm=nn.BatchNorm2d(4)),
        head(4),
    )


def standardised_weights():
    """As in NFNets and BiT: the kernel is normalised whenever it is used."""

    class Standardised(nn.Conv2d):
        def forward(self, x):
            w = self.weight
            w = (w - w.mean((1, 2, 3), keepdim=True)) / (w.std((1, 2, 3), keepdim=True) + 1e-5)
            return F.conv2d(x, w, self.bias, self.stride, self.padding, self.dilation, self.groups)

    return seq(Standardised(3, 4, 3, 2), nn.ReLU(), Standardised(4, 5, 3), nn.SELU(), head(5))


def binary():
    """XNOR-Net: signs, and kernels of signs with one scale for each channel."""

    def block(m, x):
        x = torch.sign(m.norm(x))
        w = m.weight.sign() * m.weight.abs().mean((1, 2, 3), keepdim=True)
        return F.conv2d(x, w) + 0.1 * x[:, :, 1:-1, 1:-1]

    return seq(
        conv(3, 4, pad=0, act=nn.Hardtanh),
        Do(block, norm=nn.BatchNorm2d(4), weight=nn.Parameter(torch.randn(4, 4, 3, 3))),
        head(4),
    )


def blurred():
    """Anti-aliased pooling: a fixed kernel behind reflection padding."""
    kernel = torch.tensor([1.0, 2.0, 1.0])
    blur = Do(
        lambda m, x: F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), m.kernel, stride=2, groups=4)
    )
    blur.register_buffer("kernel", (kernel[:, None] * kernel / 16).expand(4, 1, 3, 3).clone())
    return seq(conv(3, 4, pad=0), nn.MaxPool2d(2, 1), blur, conv(4, 5, 1), head(5))


def generalised_mean():
    pool = Do(
        lambda m, x: F.avg_pool2d(x.clamp(min=1e-6).pow(m.p), x.shape[-2:]).pow(1 / m.p),
        p=nn.Parameter(torch.tensor(3.0)),
    )
    return seq(conv(3, 4, 3, 2, pad=0), pool, nn.Flatten(), nn.Linear(4, 3))


def own_batch_norm():
    """As timm's BatchNormAct2d: a subclass that calls the function itself, and an activation."""

    class NormAct(nn.BatchNorm2d):
        def forward(self, x):
            training = self.training or self.running_mean is None
            x = F.batch_norm(
                x,
                self.running_mean,
                self.running_var,
                self.weight,
                self.bias,
                training,
                self.momentum,
                self.eps,
            )
            return F.silu(x)

    return seq(nn.Conv2d(3, 4, 3, 2), NormAct(4), nn.Conv2d(4, 4, 3), NormAct(4), head(4))


def spatial_attention():
    """CBAM's second half: a mask from the channels' mean and maximum at each position."""

    def attend(m, x):
        pooled = torch.cat([x.mean(1).unsqueeze(1), torch.max(x, 1)[0].unsqueeze(1)], 1)
        return x * torch.sigmoid(m.mask(pooled))

    return seq(conv(3, 4, 3, 2), Do(attend, mask=nn.Conv2d(2, 1, 3, padding=1)), head(4))


def same_padding():
    """TensorFlow's: one row and column of zeros at the far edge only."""
    pad = nn.ZeroPad2d((0, 1, 0, 1))
    return seq(pad, nn.Conv2d(3, 4, 3, 2), nn.ReLU6(), pad, nn.Conv2d(4, 4, 3, 2), head(4))


def filter_response():
    """A normalisation by each channel's mean square over the whole map."""
    norm = Do(lambda m, x: x * torch.rsqrt(x.pow(2).mean((2, 3), keepdim=True) + 1e-6))
    return seq(nn.Conv2d(3, 4, 3), norm, head(4))


# What depends on the whole image


def channel_attention(kind):
    def eca(m, x):
        y = m.conv(x.mean((2, 3)).unsqueeze(1)).sigmoid()
        return x * y.view(x.size(0), -1, 1, 1).expand_as(x)

    gates = {
        "SE": squeeze_and_excite(4),
        "ECA": Do(eca, conv=nn.Conv1d(1, 1, 3, padding=1)),
    }
    return seq(conv(3, 4, 3, 2), gates[kind], head(4))


def nonlocal_network():
    def attend(m, x):
        count, _, rows, cols = x.shape
        q, k, v = (part(x).view(count, 2, -1) for part in (m.q, m.k, m.v))
        y = torch.bmm(torch.softmax(torch.bmm(q.transpose(1, 2), k), -1), v.transpose(1, 2))
        return x + m.out(y.transpose(1, 2).reshape(count, 2, rows, cols))

    layers = {name: nn.Conv2d(4, 2, 1) for name in "qkv"}
    return seq(conv(3, 4, 3, 2), Do(attend, **layers, out=nn.Conv2d(2, 4, 1)), head(4))


def vit():
    def encode(m, x):
        x = m.patches(x).flatten(2).transpose(1, 2) + m.positions
        return m.fc(m.encoder(x).mean(1))

    encoder = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    return Do(
        encode,
        patches=nn.Conv2d(3, 4, 4, 4),
        encoder=encoder,
        fc=nn.Linear(4, 3),
        positions=nn.Parameter(torch.rand(1, 12, 4)),
    )


def mlp_mixer():
    def mix(m, x):
        x = m.patches(x).flatten(2)
        return m.fc((x + m.tokens(x)).mean(2))

    return Do(mix, patches=nn.Conv2d(3, 4, 4, 4), tokens=nn.Linear(12, 12), fc=nn.Linear(4, 3))


def poolformer():
    block = Do(
        lambda m, x: x + m.pool(m.norm(x)) - x,
        norm=nn.GroupNorm(1, 4),
        pool=nn.AvgPool2d(3, 1, 1, count_include_pad=False),
    )
    return seq(conv(3, 4, 3, 2), block, head(4))


def coordconv():
    def with_coordinates(m, x):
        rows = torch.linspace(-1, 1, x.size(2)).view(1, 1, -1, 1).expand(x.size(0), 1, *x.shape[2:])
        return m.conv(torch.cat([x, rows], 1))

    return seq(conv(3, 4), Do(with_coordinates, conv=nn.Conv2d(5, 4, 3)), head(4))


def pyramid_pooling():
    def pyramid(m, x):
        return torch.cat([F.adaptive_max_pool2d(x, n).flatten(1) for n in (1, 2)], 1)

    return seq(conv(3, 4, pad=0), Do(pyramid), nn.Linear(4 * 5, 3))


def high_resolution():
    def exchange(m, x):
        return m.fine(x) + F.interpolate(m.coarse(x), size=x.shape[2:], mode="nearest")

    return seq(conv(3, 4), Do(exchange, fine=conv(4, 4), coarse=conv(4, 4, 3, 2)), head(4))


def spatial_transformer():
    def transform(m, x):
        theta = m.where(x.flatten(1)).view(-1, 2, 3)
        return m.rest(F.grid_sample(x, F.affine_grid(theta, x.size(), False), align_corners=False))

    rest = seq(conv(3, 4), head(4))
    return Do(transform, where=nn.Linear(3 * 12 * 16, 6), rest=rest)


SIZE = (3, 12, 16)
GREY = (1, 20, 28)
CIFAR = (3, 16, 24)
LRN = [lambda c: [nn.LocalResponseNorm(3)], lambda c: [nn.BatchNorm2d(c)], lambda c: []]
WHOLE_IMAGE = r"cannot be converted|puts together what lies in maps of different shapes"

# (family, variant, network, crops, outcome)
NETWORKS = [
    ("LeNet", "tanh, average", lambda: lenet5(nn.AvgPool2d, nn.Tanh), GREY, "exact"),
    ("LeNet", "relu, max", lambda: lenet5(nn.MaxPool2d, nn.ReLU), GREY, "exact"),
    ("LeNet", "learned pools", lenet5_subsampling, (1, 14, 22), "exact"),
    ("AlexNet", "response norm", lambda: alexnet(LRN[0]), (3, 21, 29), "exact"),
    ("AlexNet", "batch norm", lambda: alexnet(LRN[1]), (3, 21, 29), "exact"),
    ("AlexNet", "no norm", lambda: alexnet(LRN[2]), (3, 21, 29), "exact"),
    ("VGG", "A", lambda: vgg([4, "M", 6, "M"], False, 1), CIFAR, "padded"),
    ("VGG", "A, batch norm", lambda: vgg([4, "M", 6, "M"], True, 1), CIFAR, "padded"),
    ("VGG", "B", lambda: vgg([4, 4, "M", 6, 6, "M"], True, 1), CIFAR, "padded"),
    ("VGG", "valid", lambda: vgg([4, "M", 6], True, 0), (3, 14, 18), "exact"),
    ("VGG", "valid, uneven regions", lambda: vgg([4, "M", 6], False, 0), (3, 16, 20), "exact"),
    ("Network in network", "", network_in_network, SIZE, "exact"),
    ("All-convolutional", "", all_convolutional, SIZE, "exact"),
    ("Maxout", "", maxout, SIZE, "exact"),
    ("Highway", "", highway, SIZE, "exact"),
    ("Inception", "GoogLeNet", googlenet, CIFAR, "padded"),
    ("Inception", "v3", inception_v3, CIFAR, "padded"),
    ("Inception", "cropped", unpadded_inception, CIFAR, "exact"),
    ("ResNet", "basic", lambda: resnet(basic), CIFAR, "padded"),
    ("ResNet", "bottleneck", lambda: resnet(bottleneck), CIFAR, "padded"),
    ("ResNet", "ResNeXt", lambda: resnet(resnext), CIFAR, "padded"),
    ("ResNet", "wide, preactivation", lambda: resnet(preactivation, False), CIFAR, "padded"),
    ("ResNet", "option A", lambda: resnet(option_a, False), CIFAR, "padded"),
    ("ResNet", "D", lambda: resnet(resnet_d, False), CIFAR, "padded"),
    ("ResNet", "stochastic depth", lambda: resnet(stochastic_depth), CIFAR, "padded"),
    ("ResNet", "Res2Net", lambda: resnet(res2net), CIFAR, "padded"),
    ("BagNet", "", bagnet, CIFAR, "exact"),
    ("RevNet", "", reversible, SIZE, "exact"),
    ("Dual path", "", dual_path, SIZE, "padded"),
    (
        "FractalNet",
        "stacked",
        fractal,
        SIZE,
        r"layer 1\.mean \(mean\).*layer 1\.stack .*first dimension",
    ),
    ("FractalNet", "added", fractal_by_hand, SIZE, "exact"),
    ("DenseNet", "padded", lambda: densenet(1), SIZE, "padded"),
    ("DenseNet", "1×1", lambda: densenet(0), SIZE, "exact"),
    ("VoVNet", "", vovnet, SIZE, "padded"),
    ("CSPNet", "", cspnet, SIZE, "padded"),
    ("Darknet", "", darknet, SIZE, "padded"),
    ("YOLO", "focus", yolo_focus, SIZE, "exact"),
    ("SqueezeNet", "rounding up", lambda: squeezenet(True), CIFAR, "padded"),
    ("SqueezeNet", "rounding down", lambda: squeezenet(False), CIFAR, "padded"),
    ("PeleeNet", "", peleenet, SIZE, "padded"),
    ("MobileNet", "v1", mobilenet_v1, SIZE, "padded"),
    ("MobileNet", "valid", unpadded_mobilenet, SIZE, "exact"),
    ("MobileNet", "v2", mobilenet_v2, SIZE, "padded"),
    ("MobileNet", "v3, no gate", lambda: mobilenet_v3(None), SIZE, "padded"),
    ("MobileNet", "v3", lambda: mobilenet_v3(squeeze_and_excite(6)), SIZE, WHOLE_IMAGE),
    ("EfficientNet", "no gate", lambda: efficientnet(None), SIZE, "padded"),
    ("EfficientNet", "", lambda: efficientnet(squeeze_and_excite(6)), SIZE, WHOLE_IMAGE),
    ("ShuffleNet", "v1", shufflenet_v1, SIZE, "padded"),
    ("ShuffleNet", "v2", lambda: shufflenet_v2(True), SIZE, "padded"),
    ("ShuffleNet", "v2, 1×1", lambda: shufflenet_v2(False), SIZE, "exact"),
    ("ShuffleNet", "megvii", shufflenet_of_the_authors, SIZE, "exact"),
    ("Xception", "", xception, SIZE, "padded"),
    ("GhostNet", "", ghostnet, SIZE, "padded"),
    ("MnasNet", "", mnasnet, SIZE, "padded"),
    ("ConvNeXt", "", lambda: convnext(7), SIZE, "padded"),
    ("ConvNeXt", "1×1", lambda: convnext(1), SIZE, "exact"),
    ("ConvMixer", "", convmixer, SIZE, "padded"),
    ("RepVGG", "", repvgg, SIZE, "padded"),
    ("NFNet", "standardised weights", standardised_weights, SIZE, "exact"),
    ("XNOR-Net", "", binary, SIZE, "exact"),
    ("Anti-aliased", "", blurred, SIZE, "padded"),
    ("Generalised mean", "", generalised_mean, SIZE, "exact"),
    ("Own batch norm", "", own_batch_norm, SIZE, "exact"),
    ("CBAM", "spatial half", spatial_attention, SIZE, "padded"),
    ("TensorFlow's same", "", same_padding, SIZE, "padded"),
    ("Filter response norm", "", filter_response, SIZE, WHOLE_IMAGE),
    ("SENet", "", lambda: channel_attention("SE"), SIZE, WHOLE_IMAGE),
    ("ECA-Net", "", lambda: channel_attention("ECA"), SIZE, WHOLE_IMAGE),
    ("Non-local", "", nonlocal_network, SIZE, WHOLE_IMAGE),
    ("ViT", "", vit, SIZE, r"layer (add|encoder) .*cannot be converted"),
    ("MLP-Mixer", "", mlp_mixer, SIZE, r"layer tokens \(Linear\).*not the channels"),
    ("PoolFormer", "", poolformer, SIZE, r"layer 1\.norm \(GroupNorm\).*statistics"),
    ("CoordConv", "", coordconv, SIZE, r"layer 1\.cat \(cat\) cannot be converted"),
    ("Spatial pyramid", "", pyramid_pooling, SIZE, r"layer 1\.cat .*maps of different shapes"),
    ("HRNet", "", high_resolution, SIZE, r"layer 1\.interpolate \(interpolate\) cannot"),
    ("Spatial transformer", "", spatial_transformer, SIZE, r"cannot be converted|after Flatten"),
]
