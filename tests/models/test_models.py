"""The course's network: exactly as written in the lessons, and its weights safe on disk."""

import io
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from helpers import paths
from helpers.fcn import geometry
from helpers.models import (
    ModelHeader,
    eval_mode,
    load_model,
    load_pretrained,
    make_classifier,
    pretrained_path,
    randomise_,
    read_header,
    read_notes,
    save_model,
    weights_digest,
)
from helpers.models import weights as weights_files
from helpers.models.header import FORMAT
from helpers.paths import DATA, sha256, verify_checksums

TINY = (16, 24)
TINY_HEADER = {"format": FORMAT, "input_size": "16x24"}


def save_tiny(model, path, **options):
    return save_model(model, path, input_size=TINY, **options)


# The network


def cars_network_by_hand():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 7 * 22, 512),
        nn.ReLU(),
        nn.Linear(512, 2),
    )


def test_the_architecture_is_exactly_the_one_of_the_lessons():
    assert repr(make_classifier((40, 100))) == repr(cars_network_by_hand())
    assert repr(make_classifier()) == repr(cars_network_by_hand())


@pytest.mark.parametrize("size", [(40, 100), (16, 16), (17, 31), (42, 102), (41, 101), (64, 20)])
def test_any_input_size_gives_two_logits_for_each_crop(size):
    with torch.no_grad():
        assert make_classifier(size).eval()(torch.rand(3, 1, *size)).shape == (3, 2)


@pytest.mark.parametrize("size", [(15, 100), (100, 15), (0, 0), (-40, 100)])
def test_crops_too_small_for_the_network_are_refused(size):
    with pytest.raises(ValueError, match=f"{size[0]}×{size[1]} are too small.*16×16"):
        make_classifier(size)


def test_a_seed_gives_the_same_weights_and_leaves_the_global_state_alone(same_weights):
    before = torch.get_rng_state()
    first = make_classifier(TINY, seed=3).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert same_weights(first, make_classifier(TINY, seed=3).state_dict())
    assert not same_weights(first, make_classifier(TINY, seed=4).state_dict())


def test_without_a_seed_the_global_random_state_decides(same_weights):
    torch.manual_seed(5)
    first = make_classifier(TINY).state_dict()
    assert not same_weights(first, make_classifier(TINY).state_dict())
    torch.manual_seed(5)
    assert same_weights(first, make_classifier(TINY).state_dict())


def test_randomise_reaches_every_bias_and_batch_norm_number(generator):
    model = make_classifier(TINY, seed=0)
    fresh = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert randomise_(model, generator) is model
    for name, tensor in model.state_dict().items():
        is_matrix = name.endswith("weight") and tensor.ndim > 1
        if is_matrix or name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, fresh[name]), name
        else:
            assert (tensor != fresh[name]).all(), name
        if name.endswith("running_var"):
            assert tensor.min() > 0


def test_eval_mode_gives_each_layer_its_own_mode_back_even_after_an_error(tiny_classifier):
    tiny_classifier.train()
    tiny_classifier[1].eval()
    before = [module.training for module in tiny_classifier.modules()]
    with eval_mode(tiny_classifier) as model:
        assert not any(module.training for module in model.modules())
    assert [module.training for module in tiny_classifier.modules()] == before
    with pytest.raises(RuntimeError), eval_mode(tiny_classifier) as model:
        model(torch.zeros(1, 5, 16, 24))  # five channels
    assert [module.training for module in tiny_classifier.modules()] == before


# Several classes, colour, and small crops


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((16, 16), {"classes": 11}),
        ((64, 128), {"classes": 4, "channels": 3}),
        ((48, 80), {"classes": 3, "channels": 3}),
        ((48, 80), {"channels": 3, "stride": 2}),
        ((20, 16), {"stride": 4}),
        ((17, 19), {}),
    ],
)
def test_classes_and_channels_are_what_was_asked_for(size, options):
    model = make_classifier(size, **options, seed=0).eval()
    with torch.no_grad():
        logits = model(torch.rand(3, options.get("channels", 1), *size))
    assert logits.shape == (3, options.get("classes", 2))


def test_a_network_for_small_crops_keeps_5x5_positions_2_pixels_apart():
    expected = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * 5 * 5, 512),
        nn.ReLU(),
        nn.Linear(512, 11),
    )
    model = make_classifier((16, 16), classes=11)
    assert repr(model) == repr(expected)
    assert geometry(model, (16, 16)).stride == (2, 2)


@pytest.mark.parametrize(
    ("size", "stride"), [((20, 20), 2), ((16, 21), 4), ((21, 16), 4), ((40, 100), 4)]
)
def test_the_stride_follows_from_the_longer_side(size, stride):
    assert geometry(make_classifier(size, seed=0), size).stride == (stride, stride)


def test_more_classes_leave_the_cars_network_as_it_always_was(same_weights):
    with torch.random.fork_rng():
        torch.manual_seed(4)
        by_hand = cars_network_by_hand().state_dict()
    assert same_weights(make_classifier(seed=4).state_dict(), by_hand)
    explicit = make_classifier((40, 100), classes=2, channels=1, stride=4, seed=4)
    assert same_weights(explicit.state_dict(), by_hand)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 1}, "two classes or more"),
        ({"channels": 0}, "and a channel, not 2 and 0"),
        ({"stride": 3}, "stride must be 2 or 4, not 3"),
    ],
)
def test_networks_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_classifier(**options)


# Save and load


def test_weights_come_back_bit_for_bit_in_eval_mode(tmp_path, tiny_classifier, same_weights):
    path = save_tiny(tiny_classifier.train(), tmp_path / "new" / "folder" / "weights.safetensors")
    loaded = load_model(path)
    assert same_weights(loaded.state_dict(), tiny_classifier.state_dict())
    assert not any(module.training for module in loaded.modules())
    assert tiny_classifier.training
    images = torch.rand(4, 1, *TINY)
    assert torch.equal(loaded(images), tiny_classifier.eval()(images))


def test_half_precision_halves_the_file_and_rounds_only_the_matrices(tmp_path, tiny_classifier):
    whole = save_tiny(tiny_classifier, tmp_path / "whole.safetensors")
    half = save_tiny(tiny_classifier, tmp_path / "half.safetensors", half=True)
    assert half.stat().st_size < 0.55 * whole.stat().st_size
    loaded = load_model(half).state_dict()
    for name, tensor in tiny_classifier.state_dict().items():
        is_matrix = name.endswith("weight") and tensor.ndim > 1
        assert torch.equal(loaded[name], tensor.half().float() if is_matrix else tensor), name
        assert loaded[name].dtype == tensor.dtype


def test_a_channels_last_model_is_saved_like_any_other(tmp_path, tiny_classifier, same_weights):
    expected = {name: tensor.clone() for name, tensor in tiny_classifier.state_dict().items()}
    tiny_classifier.to(memory_format=torch.channels_last)
    loaded = load_model(save_tiny(tiny_classifier, tmp_path / "weights.safetensors"))
    assert same_weights(loaded.state_dict(), expected)


def test_notes_travel_with_the_weights(tmp_path, tiny_classifier):
    path = save_tiny(tiny_classifier, tmp_path / "w.safetensors", notes={"data": "street"})
    assert read_notes(path) == {
        "format": FORMAT,
        "input_size": "16x24",
        "classes": '["background", "car"]',
        "background": "0",
        "channels": "1",
        "stride": "4",
        "data": "street",
    }


def test_a_folder_whose_name_is_no_text_costs_no_training(tmp_path, tiny_classifier):
    path = save_tiny(tiny_classifier, tmp_path / "a", notes={"data": "photos/T\udcfcr"})
    assert read_header(path).notes == {"data": "photos/T?r"}


def test_saving_a_model_of_another_size_is_refused_and_writes_nothing(tmp_path, tiny_classifier):
    with pytest.raises(ValueError, match="this model belongs to another network"):
        save_model(tiny_classifier, tmp_path / "weights.safetensors", input_size=(40, 100))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError])
def test_an_interrupted_save_keeps_the_old_file_and_leaves_nothing(
    tmp_path, monkeypatch, tiny_classifier, interruption
):
    path = save_tiny(tiny_classifier, tmp_path / "weights.safetensors")
    before = path.read_bytes()

    class HalfWritten(io.FileIO):
        def write(self, contents):
            super().write(contents[: len(contents) // 2])
            raise interruption

    monkeypatch.setattr(paths.os, "fdopen", HalfWritten)
    with pytest.raises(interruption):
        save_tiny(make_classifier(TINY, seed=9), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_is_replaced_in_one_step_at_the_very_end(
    tmp_path, monkeypatch, tiny_classifier
):
    def stop(source, target):
        assert load_model(source) is not None  # the new file is complete before the old one goes
        raise KeyboardInterrupt

    path = save_tiny(tiny_classifier, tmp_path / "weights.safetensors")
    before = path.read_bytes()
    monkeypatch.setattr(paths.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        save_tiny(make_classifier(TINY, seed=9), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_loading_leaves_the_global_random_state_alone(tmp_path, tiny_classifier):
    path = save_tiny(tiny_classifier, tmp_path / "weights.safetensors")
    before = torch.get_rng_state()
    load_model(path)
    assert torch.equal(torch.get_rng_state(), before)


# What a file says about itself

DIGITS = {"input_size": (16, 16), "classes": ("nothing", "0", "é"), "channels": 3}


def save_digits(path, **options):
    model = make_classifier((16, 16), classes=3, channels=3, seed=1).eval()
    return model, save_model(model, path, **DIGITS, **options)


def test_a_network_of_any_classes_comes_back_as_its_header_says(tmp_path, same_weights):
    model, path = save_digits(tmp_path / "d", background=1, notes={"threshold": "0.5"})
    assert same_weights(load_model(path).state_dict(), model.state_dict())
    assert repr(load_model(path)) == repr(model)
    expected = ModelHeader((16, 16), ("nothing", "0", "é"), 1, 3, 2, {"threshold": "0.5"})
    assert read_header(path) == expected


def test_a_coarser_network_than_usual_comes_back_too(tmp_path, same_weights):
    model = make_classifier((16, 16), stride=4, seed=1)
    path = save_model(model, tmp_path / "coarse", input_size=(16, 16), stride=4)
    assert same_weights(load_model(path).state_dict(), model.state_dict())
    with pytest.raises(ValueError, match="belongs to another network"):
        save_model(model, path, input_size=(16, 16))


def test_a_file_of_old_tells_cars_from_the_background(weights_file):
    rewrite(weights_file)
    assert read_header(weights_file) == ModelHeader((16, 24), ("background", "car"), 0, 1, 4, {})


def test_the_shipped_weights_say_what_they_are():
    header = read_header(pretrained_path())
    assert header.input_size == (40, 100)
    assert (header.classes, header.background) == (("background", "car"), 0)
    assert (header.channels, header.stride) == (1, 4)
    assert set(header.notes) == {"data", "seed", "epochs", "threshold", "scenes"}
    assert set(read_notes(pretrained_path())) >= {"classes", "background", "channels", "stride"}
    assert weights_digest(load_pretrained()) == "01479f8ced48"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": ("a", "b", "c")}, r"classes=3.*: 11.*is \[2.*, not \[3"),
        ({"channels": 3}, r"channels=3.*0.weight is \[32, 1, 5, 5\], not \[32, 3, 5, 5\]"),
        ({"classes": ("car",)}, "two names or more"),
        ({"classes": ("car", "")}, "none of them empty"),
        ({"classes": ("car", "car")}, "classes must differ: car is there twice"),
        ({"background": 2}, "background must be the index of a class, 0 to 1, not 2"),
        ({"background": -1}, "background must be"),
        ({"notes": {"classes": "mine"}}, "notes must not be called classes"),
    ],
)
def test_what_does_not_fit_the_model_is_not_saved(tmp_path, tiny_classifier, options, message):
    with pytest.raises(ValueError, match=message):
        save_tiny(tiny_classifier, tmp_path / "w", **options)
    assert list(tmp_path.iterdir()) == []


def test_one_text_is_no_list_of_classes(tmp_path, tiny_classifier):
    with pytest.raises(TypeError, match="several names, not 'ab'"):
        save_tiny(tiny_classifier, tmp_path / "w", classes="ab")


# Files that are not what they should be


@pytest.fixture
def weights_file(tmp_path, tiny_classifier):
    return save_tiny(tiny_classifier, tmp_path / "weights.safetensors")


def test_a_missing_file_is_named(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(FileNotFoundError, match=f"no weights file {path}"):
            load_model(path)


def test_a_file_that_must_not_be_read_is_not_called_damaged(weights_file, monkeypatch):
    def forbid(path, *args, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", forbid)  # to root, nothing is forbidden
    with pytest.raises(PermissionError):
        load_model(weights_file)


@pytest.mark.parametrize("part", [0, 0.0005, 0.5, 0.999])
def test_a_truncated_file_is_refused(weights_file, part):
    whole = weights_file.read_bytes()
    weights_file.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(ValueError, match=f"{weights_file} is damaged or no safetensors file"):
        load_model(weights_file)


@pytest.mark.parametrize(
    "contents",
    [torch.rand(500).numpy().tobytes(), bytes(1000), pickle.dumps({"0.weight": [1.0] * 500})],
    ids=["random bytes", "zeros", "pickle"],
)
def test_a_file_of_another_kind_is_refused(weights_file, contents):
    weights_file.write_bytes(contents)
    with pytest.raises(ValueError, match="damaged or no safetensors file"):
        load_model(weights_file)


def test_a_torch_pickle_is_refused(weights_file, tiny_classifier):
    torch.save(tiny_classifier.state_dict(), weights_file)
    with pytest.raises(ValueError, match="damaged or no safetensors file"):
        load_model(weights_file)


def rewrite(path, header=None, **changes):
    """Write a weights file anew, with another header or with some tensors replaced."""
    tensors = load_file(path) | changes
    tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    save_file(tensors, path, metadata=header or TINY_HEADER)


def test_rewriting_alone_breaks_nothing(weights_file):
    rewrite(weights_file)
    assert not load_model(weights_file).training


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"9.weight": None}, "9.weight is missing"),
        ({"extra": torch.zeros(1)}, "extra is one tensor too many"),
        ({"0.weight": torch.zeros(16, 1, 5, 5)}, r"0.weight is \[16, 1, 5, 5\], not \[32, 1,"),
        ({"11.bias": torch.tensor([0.0, torch.nan])}, "NaN or infinity in 11.bias"),
        ({"1.running_var": torch.full((32,), torch.inf)}, "NaN or infinity in 1.running_var"),
    ],
)
def test_wrong_tensors_are_refused_by_name(weights_file, changes, message):
    rewrite(weights_file, **changes)
    with pytest.raises(ValueError, match=f"{weights_file} .*{message}"):
        load_model(weights_file)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"format": "pt"}, "not written by this course's save_model"),
        ({"format": FORMAT}, "does not say for which input size"),
        ({"format": FORMAT, "input_size": "large"}, "does not say for which input size"),
        ({"format": FORMAT, "input_size": "16x24x1"}, "does not say for which input size"),
        ({"format": FORMAT, "input_size": "40x100"}, "belongs to another network"),
        ({"format": FORMAT, "input_size": "4x4"}, "too small"),
        (TINY_HEADER | {"classes": "[1, 2]"}, "classes that make no sense: classes must be two"),
        (TINY_HEADER | {"classes": '"ab"'}, "classes that make no sense: classes must be several"),
        (TINY_HEADER | {"classes": "null"}, "classes that make no sense"),
        (TINY_HEADER | {"classes": "{"}, "classes that make no sense"),
        (TINY_HEADER | {"classes": '["a", "b", "c"]'}, "classes=3.*: 11.*is .2.*, not .3"),
        (TINY_HEADER | {"background": "2"}, "classes that make no sense: background must be"),
        (TINY_HEADER | {"background": "none"}, "background is 'none', not a whole number"),
        (TINY_HEADER | {"channels": "3"}, "0.weight is .32, 1, 5, 5., not .32, 3, 5, 5."),
        (TINY_HEADER | {"channels": "0"}, "a channel, not 2 and 0"),
        (TINY_HEADER | {"stride": "2"}, "belongs to another network than .*stride=2"),
        (TINY_HEADER | {"stride": "1"}, "stride must be 2 or 4"),
    ],
)
def test_a_foreign_or_wrong_header_is_refused(weights_file, header, message):
    rewrite(weights_file, header=header)
    with pytest.raises(ValueError, match=message):
        load_model(weights_file)


def test_the_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    other = nn.Sequential(nn.Flatten(), nn.Linear(16 * 24, 2))
    save_file(other.state_dict(), path, metadata={"format": FORMAT, "input_size": "16x24"})
    with pytest.raises(ValueError, match="belongs to another network"):
        load_model(path)


# The digest


def test_the_digest_tells_equal_from_different_weights(tiny_classifier):
    first = weights_digest(tiny_classifier)
    assert first == weights_digest(tiny_classifier.to(memory_format=torch.channels_last))
    with torch.no_grad():
        tiny_classifier[0].bias[3] += 1e-6
    assert weights_digest(tiny_classifier) != first


# The weights that ship with the course


@pytest.fixture
def shipped(tmp_path, monkeypatch, classifier):
    """A folder of data with weights and their checksum, in place of the course's own."""
    folder = tmp_path / "weights"
    path = save_model(classifier, folder / "street.safetensors")
    (folder / "checksums.sha256").write_text(f"{sha256(path)}  street.safetensors\n")
    monkeypatch.setattr(weights_files, "DATA", tmp_path)
    return path


def test_shipped_weights_are_loaded_in_eval_mode(shipped, classifier, same_weights):
    model = load_pretrained()
    assert same_weights(model.state_dict(), classifier.state_dict())
    assert not model.training


def test_shipped_weights_fail_their_checksum_when_one_byte_differs(shipped):
    contents = bytearray(shipped.read_bytes())
    contents[-5] ^= 1
    shipped.write_bytes(contents)
    with pytest.raises(ValueError, match=r"street\.safetensors is damaged.*git checkout"):
        load_pretrained()


def test_missing_shipped_weights_or_checksums_say_how_to_get_them_back(shipped):
    shipped.unlink()
    with pytest.raises(FileNotFoundError, match=r"street\.safetensors is missing.*git checkout"):
        load_pretrained()
    (shipped.parent / "checksums.sha256").unlink()
    with pytest.raises(FileNotFoundError, match=r"checksums\.sha256 is missing.*git checkout"):
        load_pretrained()


@pytest.mark.parametrize("listing", ["", "\n", f"{'0' * 64}  card.md\n"])
def test_a_list_without_the_weights_is_no_proof(shipped, listing):
    (shipped.parent / "checksums.sha256").write_text(listing)
    with pytest.raises(ValueError, match=r"checksums\.sha256 is damaged"):
        load_pretrained()


def test_the_real_shipped_weights_are_whole_and_small(same_weights):
    model = load_pretrained()
    assert repr(model) == repr(make_classifier())
    assert pretrained_path().stat().st_size <= 12 * 2**20
    assert "format" in read_notes(pretrained_path())


def test_a_damaged_copy_of_the_real_shipped_weights_is_refused(tmp_path, monkeypatch):
    shutil.copytree(DATA / "weights", tmp_path / "weights")
    verify_checksums(tmp_path / "weights")
    with open(tmp_path / "weights" / "street.safetensors", "r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 1]))
    monkeypatch.setattr(weights_files, "DATA", tmp_path)
    with pytest.raises(ValueError, match="damaged"):
        load_pretrained()
