"""An independent reader of TensorBoard event files, for tests.

Shares nothing with the program: CRC-32C from its bitwise definition, the messages decoded by
python3-protobuf from a descriptor written down here after tensorflow/core/util/event.proto and
tensorflow/core/framework/{summary,tensor,tensor_shape}.proto. Prints one JSON object per record.

usage: read_events.py FILE
"""
import json
import struct
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FieldProto = descriptor_pb2.FieldDescriptorProto


def add_message(file, name, fields):
    message = file.message_type.add(name=name)
    for field_name, number, kind, *rest in fields:
        repeated = "repeated" in rest
        field = message.field.add(
            name=field_name,
            number=number,
            label=FieldProto.LABEL_REPEATED if repeated else FieldProto.LABEL_OPTIONAL,
        )
        if kind.startswith("."):
            field.type = FieldProto.TYPE_MESSAGE
            field.type_name = kind
        else:
            field.type = getattr(FieldProto, "TYPE_" + kind.upper())


def event_class():
    file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto3")
    add_message(file, "Event", [
        ("wall_time", 1, "double"), ("step", 2, "int64"), ("file_version", 3, "string"),
        ("summary", 5, ".t.Summary"), ("session_log", 7, ".t.SessionLog")])
    add_message(file, "SessionLog", [("status", 1, "int32"), ("checkpoint_path", 2, "string")])
    add_message(file, "Summary", [("value", 1, ".t.Value", "repeated")])
    add_message(file, "Value", [
        ("tag", 1, "string"), ("simple_value", 2, "float"), ("tensor", 8, ".t.Tensor"),
        ("metadata", 9, ".t.Metadata")])
    add_message(file, "Metadata", [("plugin_data", 1, ".t.Plugin")])
    add_message(file, "Plugin", [("plugin_name", 1, "string"), ("content", 2, "bytes")])
    add_message(file, "Tensor", [
        ("dtype", 1, "int32"), ("tensor_shape", 2, ".t.Shape"),
        ("string_val", 8, "bytes", "repeated")])
    add_message(file, "Shape", [("dim", 2, ".t.Dim", "repeated")])
    add_message(file, "Dim", [("size", 1, "int64"), ("name", 2, "string")])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    descriptor = pool.FindMessageTypeByName("t.Event")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        length_bytes = data[at:at + 8]
        (length,) = struct.unpack("<Q", length_bytes)
        (crc,) = struct.unpack("<I", data[at + 8:at + 12])
        if crc != masked(length_bytes):
            raise ValueError(f"offset {at}: the length's CRC does not fit")
        payload = data[at + 12:at + 12 + length]
        (crc,) = struct.unpack("<I", data[at + 12 + length:at + 16 + length])
        if crc != masked(payload):
            raise ValueError(f"offset {at}: the record's CRC does not fit")
        yield payload
        at += 16 + length


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    event_type = event_class()
    for payload in records(data):
        event = event_type()
        event.ParseFromString(payload)
        line = {"wall_time": event.wall_time, "step": event.step}
        if event.file_version:
            line["file_version"] = event.file_version
        if event.HasField("session_log"):
            line["session_status"] = event.session_log.status
        for value in event.summary.value:
            if value.HasField("tensor"):
                entry = {
                    "tag": value.tag,
                    "dtype": value.tensor.dtype,
                    "shape": [dim.size for dim in value.tensor.tensor_shape.dim],
                    "text": [text.decode() for text in value.tensor.string_val],
                    "plugin": value.metadata.plugin_data.plugin_name,
                }
            else:
                entry = {"tag": value.tag, "value": value.simple_value}
            line.setdefault("values", []).append(entry)
        print(json.dumps(line))


main()
