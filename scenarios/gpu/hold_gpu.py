#!/usr/bin/env python3
"""Holds GPU memory, through the CUDA driver alone: no framework is needed.

    hold_gpu.py             # until it is ended
    hold_gpu.py COMMAND...  # in a child, and becomes the command once the child holds it

HOLD_MIB says how much (1024), HOLD_GROW how much more each second (0), up to 8 GiB in all. The GPU
is the first that CUDA_VISIBLE_DEVICES shows.
"""

import ctypes
import os
import sys
import time

MIB = 1 << 20
MOST = 8192


def driver():
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        sys.exit(f"hold_gpu: no CUDA driver: {error}")


class Gpu:
    def __init__(self):
        self.cuda = driver()
        number, context = ctypes.c_int(), ctypes.c_void_p()
        self.call("cuInit", 0)
        self.call("cuDeviceGet", ctypes.byref(number), 0)
        self.call("cuCtxCreate_v2", ctypes.byref(context), 0, number)

    def call(self, name, *arguments):
        status = getattr(self.cuda, name)(*arguments)
        if status != 0:
            sys.exit(f"hold_gpu: {name} failed: CUDA error {status}")

    def hold(self, mib):
        size, place = ctypes.c_size_t(mib * MIB), ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(place), size)


def keep(tell):
    held, grow = (int(os.environ.get(name, default)) for name, default in [("HOLD_MIB", 1024), ("HOLD_GROW", 0)])
    gpu = Gpu()
    gpu.hold(held)
    tell()
    print(f"hold_gpu: process {os.getpid()} holds {held} MiB", flush=True)
    while True:
        time.sleep(1)
        if grow and held + grow <= MOST:
            gpu.hold(grow)
            held += grow


def main():
    command = sys.argv[1:]
    if not command:
        keep(lambda: None)
    held, tells = os.pipe()
    if os.fork() == 0:
        os.close(held)
        keep(lambda: os.write(tells, b"1"))
    os.close(tells)
    if not os.read(held, 1):
        sys.exit(1)
    os.close(held)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
