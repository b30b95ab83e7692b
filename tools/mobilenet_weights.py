#!/usr/bin/python3
"""Turns torchvision's weights of MobileNetV3-Small into a file for learner.encoder_weights.

  mobilenet_weights.py IN.pth OUT.safetensors [--input gray|raw]

IN.pth is a state_dict as torch.save writes it (torchvision's mobilenet_v3_small-*.pth); its
classifier is left out. OUT holds the features under the program's names ("features.0.0.weight"
becomes "features/0/0/weight"), in float32.

The first convolution is made for what the program's encoder sees: 4 gray frames in [-1, 1],
instead of one RGB picture in [0, 1] normalised by ImageNet's mean and deviation:
  gray (default)  a stack of 4 equal frames gives the activation that torchvision's network gives
                  for the same gray picture, R = G = B, normalised: x = (g + 1)/2, per channel
                  (x - mean)/std. So the kernel of each frame is sum over RGB of W_c * 0.5/std_c,
                  divided by 4, and the constant sum of W_c * (0.5 - mean_c)/std_c is taken off the
                  running mean of the norm behind it. (At the border torchvision pads with the mean
                  colour, this with middle gray.)
  raw             the mean over RGB, divided by 4; no normalisation is folded in.
"""

import argparse
import json
import struct
import sys

import torch

MEAN = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64)
STD = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64)
FRAMES = 4
FIRST = "features.0.0.weight"
FIRST_MEAN = "features.0.1.running_mean"


def convert(state, folding):
    """Names and float32 tensors of the encoder."""
    features = {name: value for name, value in state.items()
                if name.startswith("features.") and not name.endswith("num_batches_tracked")}
    if FIRST not in features or features[FIRST].shape[1] != 3:
        sys.exit(f"error: the file holds no {FIRST} for 3 channels; "
                 "next: give torchvision's state_dict of mobilenet_v3_small")
    weight = features[FIRST].double()
    if folding == "gray":
        constant = ((0.5 - MEAN) / STD).view(1, 3, 1, 1)
        features[FIRST_MEAN] = features[FIRST_MEAN].double() - (weight * constant).sum((1, 2, 3))
        gray = (weight * (0.5 / STD).view(1, 3, 1, 1)).sum(1, keepdim=True)
    else:
        gray = weight.mean(1, keepdim=True)
    features[FIRST] = gray.repeat(1, FRAMES, 1, 1) / FRAMES
    return {name.replace(".", "/"): value.float().contiguous()
            for name, value in features.items()}


def write_safetensors(tensors, path):
    """8 bytes length of the header, the header as JSON, then the bytes."""
    header, offset = {}, 0
    for name, tensor in tensors.items():
        end = offset + 4 * tensor.numel()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.numpy().tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("out")
    parser.add_argument("--input", choices=["gray", "raw"], default="gray")
    arguments = parser.parse_args()
    # weights_only: tensors alone are read, no code of the file is run
    state = torch.load(arguments.source, map_location="cpu", weights_only=True)
    tensors = convert(state, arguments.input)
    write_safetensors(tensors, arguments.out)
    print(f"{arguments.out}: {len(tensors)} tensors, "
          f"{sum(t.numel() for t in tensors.values())} numbers")


if __name__ == "__main__":
    main()
