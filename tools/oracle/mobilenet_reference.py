#!/usr/bin/python3
"""What tools/mobilenet_weights.py must keep: random weights in torchvision's own
mobilenet_v3_small, the file made of them, and what torchvision's network says of gray pictures.

  mobilenet_reference.py DIR

Writes DIR/random.pth (torchvision's state_dict), DIR/encoder.safetensors (the tool's) and
DIR/expected.safetensors: pictures [n, 84, 84] in 0..255 and their 576 pooled features."""

import pathlib
import subprocess
import sys

import torch
from torchvision.models import mobilenet_v3_small

TOOLS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS))
from mobilenet_weights import write_safetensors  # noqa: E402


def random_model():
    torch.manual_seed(3)
    model = mobilenet_v3_small().double().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as if it had been trained
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.05, 0.5)
    return model


def features_of(model, pictures):
    """For pictures [n, 84, 84] in 0..255, with middle gray around them."""
    x = torch.nn.functional.pad(pictures / 255, (1, 1, 1, 1), value=0.5)
    x = x[:, None].repeat(1, 3, 1, 1)
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=x.dtype).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225], dtype=x.dtype).view(3, 1, 1)
    model.features[0][0].padding = (0, 0)
    with torch.no_grad():
        return model.avgpool(model.features((x - mean) / std)).flatten(1)


def main(directory):
    model = random_model()
    torch.save({name: value.float() if value.is_floating_point() else value
                for name, value in model.state_dict().items()}, directory / "random.pth")
    subprocess.run([sys.executable, TOOLS / "mobilenet_weights.py", directory / "random.pth",
                    directory / "encoder.safetensors"], check=True, stdout=subprocess.DEVNULL)
    pictures = torch.randint(0, 256, (3, 84, 84)).double()
    pictures[1] = torch.arange(84.0).repeat(84, 1) * 3
    write_safetensors({"pictures": pictures.float(),
                       "features": features_of(model, pictures).float()},
                      directory / "expected.safetensors")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
