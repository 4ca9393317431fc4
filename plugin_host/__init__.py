"""Play neural instruments and effects: one self-describing ONNX file each, in blocks of any size at any sample rate."""
