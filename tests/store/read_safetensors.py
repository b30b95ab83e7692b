"""Reads a safetensors file with struct, json and numpy alone and prints what it found as JSON."""
import json
import struct
import sys

import numpy

TYPES = {"F32": "<f4", "F64": "<f8", "U8": "u1", "I64": "<i8", "BF16": "<u2"}

data = open(sys.argv[1], "rb").read()
(length,) = struct.unpack("<Q", data[:8])
header = json.loads(data[8:8 + length])
body = data[8 + length:]
result = {"metadata": header.pop("__metadata__", {}), "aligned": (8 + length) % 8 == 0}
end = 0
for name, entry in header.items():
    begin, end = entry["data_offsets"]
    array = numpy.frombuffer(body[begin:end], dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])
    result[name] = {"shape": list(array.shape), "values": array.tolist()}
result["end"] = end == len(body)
print(json.dumps(result))
