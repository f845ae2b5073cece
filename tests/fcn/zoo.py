"""Small networks of famous shapes, for the tests: few channels, but the real topology.

Written from the papers: LeNet (LeCun et al. 1998), AlexNet (Krizhevsky et al. 2012), VGG (Simonyan
and Zisserman 2014), ResNet-18 (He et al. 2015), MobileNetV2 (Sandler et al. 2018), Inception
(Szegedy et al. 2014), DenseNet (Huang et al. 2016).
"""

import torch
import torch.nn.functional as F
from torch import nn


class LeNet(nn.Module):
    """Functional calls and `view`, without any padding: every cell is exact."""

    def __init__(self, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 4 * 7, 24)
        self.fc2 = nn.Linear(24, 12)
        self.fc3 = nn.Linear(12, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), (2, 2))
        x = x.view(-1, 16 * 4 * 7)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, 0.3, training=self.training)
        x = F.relu(self.fc2(x))
        return F.log_softmax(self.fc3(x), dim=1)


class AlexNet(nn.Module):
    """Large strides, overlapping pools, AdaptiveAvgPool2d, Dropout before each Linear."""

    def __init__(self, classes=7):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(8, 12, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(12, 16, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 12, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((1, 3))
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(12 * 1 * 3, 20),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(20, 16),
            nn.ReLU(inplace=True),
            nn.Linear(16, classes),
        )

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class VGG(nn.Module):
    """Padded 3×3 convolutions with batch norm; the pool keeps the map as it is."""

    def __init__(self, classes=5, widths=(4, "M", 6, "M", 8, 8, "M", 8, 8, "M")):
        super().__init__()
        layers, channels = [], 3
        for width in widths:
            if width == "M":
                layers += [nn.MaxPool2d(2, 2)]
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width)]
                layers += [nn.ReLU(inplace=True)]
                channels = width
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((2, 3))
        self.classifier = nn.Sequential(
            nn.Linear(8 * 2 * 3, 16), nn.ReLU(True), nn.Dropout(), nn.Linear(16, classes)
        )

    def forward(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(x.view(x.size(0), -1))


class BasicBlock(nn.Module):
    """Two 3×3 convolutions around a shortcut; one ReLU for both, and `+=`."""

    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.downsample = None
        if stride != 1 or before != after:
            shortcut = nn.Conv2d(before, after, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(after))

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet18(nn.Module):
    def __init__(self, classes=6, width=4):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(BasicBlock(width, width, 1), BasicBlock(width, width, 1))
        self.layer2 = self.stage(width, 2 * width)
        self.layer3 = self.stage(2 * width, 4 * width)
        self.layer4 = self.stage(4 * width, 8 * width)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8 * width, classes)

    @staticmethod
    def stage(before, after):
        return nn.Sequential(BasicBlock(before, after, 2), BasicBlock(after, after, 1))

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class ConvNormAct(nn.Sequential):
    def __init__(self, before, after, kernel, stride=1, groups=1):
        super().__init__(
            nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU6(inplace=True),
        )


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, narrow; a shortcut where the shapes allow it."""

    def __init__(self, before, after, stride, expand):
        super().__init__()
        hidden = before * expand
        layers = [ConvNormAct(before, hidden, 1)] if expand != 1 else []
        layers += [
            ConvNormAct(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, after, 1, bias=False),
            nn.BatchNorm2d(after),
        ]
        self.conv = nn.Sequential(*layers)
        self.shortcut = stride == 1 and before == after

    def forward(self, x):
        return x + self.conv(x) if self.shortcut else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        layers, channels = [ConvNormAct(3, 4, 3, stride=2)], 4
        # expansion, channels, repetitions, stride
        for expand, after, times, stride in (
            (1, 4, 1, 1),
            (2, 6, 2, 2),
            (2, 8, 2, 2),
            (3, 8, 1, 1),
        ):
            for i in range(times):
                layers.append(InvertedResidual(channels, after, stride if i == 0 else 1, expand))
                channels = after
        layers.append(ConvNormAct(channels, 16, 1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(16, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class Inception(nn.Module):
    """Parallel paths with fields of several sizes, joined along the channels; without padding.

    A path that would come out larger is brought to size by an average pool of its own.
    """

    def __init__(self, classes=3):
        super().__init__()
        self.stem = nn.Conv2d(2, 5, 3)
        self.one = nn.Conv2d(5, 3, 1)
        self.three = nn.Conv2d(5, 4, (3, 2))
        self.five = nn.Sequential(nn.Conv2d(5, 2, 1), nn.Tanh(), nn.Conv2d(2, 4, 3))
        self.norm = nn.BatchNorm2d(11)
        self.fc = nn.Sequential(
            nn.Linear(11, 8), nn.BatchNorm1d(8), nn.PReLU(8), nn.Linear(8, classes)
        )

    def forward(self, x):
        x = self.stem(x)
        one = F.avg_pool2d(self.one(x), 3, stride=1)
        three = F.max_pool2d(self.three(x), (1, 2), 1)
        x = torch.cat([one, three, self.five(x)], dim=1)
        x = F.adaptive_avg_pool2d(F.leaky_relu(self.norm(x), 0.2), 1)
        return self.fc(x.flatten(1)).softmax(-1)


class UnpaddedResNet(nn.Module):
    """Residual blocks that cut nothing off because their main path is of 1×1 kernels; strided
    shortcuts of smaller fields: on some image sizes the two paths differ by a row."""

    def __init__(self, classes=3):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3)
        self.main = nn.Conv2d(4, 6, 3, stride=2)
        self.shortcut = nn.Conv2d(4, 6, 2, stride=2)
        self.mix = nn.Conv2d(6, 6, 1)
        self.head = nn.Linear(6 * 4 * 6, classes)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = (self.main(x) + self.shortcut(x)).relu()
        x = x + self.mix(x).tanh()
        return self.head(x.reshape(x.shape[0], -1))


class DenseNet(nn.Module):
    """Every layer reads all before it; two global pools are joined as rows."""

    def __init__(self, classes=4):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, 3, 3, padding=1))
            for c in (4, 7, 10)
        )
        self.fc = nn.Linear(26, classes, bias=False)

    def forward(self, x):
        x = self.stem((x - 0.5) / 0.25)
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        rows = torch.cat([x.mean((2, 3)), x.amax(dim=(-2, -1))], dim=-1)
        return self.fc(rows)


# name: (class, channels, input size, whether every cell of a larger image is exact)
ZOO = {
    "LeNet": (LeNet, 1, (28, 40), True),
    "AlexNet": (AlexNet, 3, (63, 127), False),
    "VGG": (VGG, 3, (32, 48), False),
    "ResNet-18": (ResNet18, 3, (48, 64), False),
    "MobileNetV2": (MobileNetV2, 3, (32, 40), False),
    "Inception": (Inception, 2, (11, 14), True),
    "unpadded residuals": (UnpaddedResNet, 1, (11, 15), True),
    "DenseNet": (DenseNet, 3, (12, 18), False),
}
