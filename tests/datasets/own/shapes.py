"""A folder of shapes, made on the spot: three classes in colour, and scenes with COCO boxes."""

import json

import numpy as np
from PIL import Image, ImageDraw

CLASSES = ("ball", "frame", "tent")


def draw_shape(picture, name, x, y, width, height, rng):
    """A dark shape that nearly fills its box."""
    draw, ink = ImageDraw.Draw(picture), tuple(rng.integers(0, 120, 3).tolist())
    x1, y1, x2, y2 = x + 0.12 * width, y + 0.12 * height, x + 0.88 * width, y + 0.88 * height
    if name == "ball":
        draw.ellipse((x1, y1, x2, y2), fill=ink)
    elif name == "frame":
        draw.rectangle((x1, y1, x2, y2), outline=ink, width=max(3, width // 8))
    else:
        draw.polygon([((x1 + x2) / 2, y1), (x2, y2), (x1, y2)], fill=ink)


def paper(width, height, rng):
    """A bright sheet with some noise."""
    pixels = rng.integers(150, 250, 3) + rng.normal(0, 6, (height, width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def make_folder(root, *, count, scenes, size=(48, 80), scene_size=(240, 320), seed=0):
    """FOLDER/<class>/*.png and FOLDER/scenes with boxes.json; returns the folder."""
    rng, (height, width) = np.random.default_rng(seed), size
    for name in CLASSES:
        (root / name).mkdir(parents=True)
        for k in range(count):
            picture = paper(width, height, rng)
            draw_shape(picture, name, 0, 0, width, height, rng)
            picture.save(root / name / f"{k:03d}.png")
    (root / "scenes").mkdir()
    categories = [{"id": k, "name": name} for k, name in enumerate(CLASSES, 1)]
    coco = {"images": [], "annotations": [], "categories": categories}
    for k in range(scenes):
        picture, boxes = paper(*scene_size[::-1], rng), []
        for _ in range(200):
            x = int(rng.integers(0, scene_size[1] - width))
            y = int(rng.integers(0, scene_size[0] - height))
            apart = all(abs(x - a) >= width or abs(y - b) >= height for a, b in boxes)
            if apart and len(boxes) < 4:
                boxes.append((x, y))
        for x, y in boxes:
            label = int(rng.integers(1, 4))
            draw_shape(picture, CLASSES[label - 1], x, y, width, height, rng)
            entry = {"id": len(coco["annotations"]), "image_id": k, "category_id": label}
            coco["annotations"].append(entry | {"bbox": [x, y, width, height]})
        name = f"scene-{k:02d}.png"
        picture.save(root / "scenes" / name)
        coco["images"].append({"id": k, "file_name": name})
    (root / "scenes" / "boxes.json").write_text(json.dumps(coco))
    return root
