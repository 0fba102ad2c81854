"""What a tensor of PyTorch does, as far as it is asked here: NumPy does not read one that has a gradient, nor bfloat16."""

from __future__ import annotations

import ml_dtypes
import numpy as np


class Tensor:
    """Numbers of a type, on a device, maybe with a gradient."""

    def __init__(self, values: np.ndarray, *, requires_grad: bool = True, device: str = "cuda:0"):
        self.values, self.requires_grad, self.device = np.asarray(values), requires_grad, device

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def dtype(self) -> str:
        return f"torch.{self.values.dtype.name}"

    def detach(self) -> Tensor:
        return Tensor(self.values, requires_grad=False, device=self.device)

    def cpu(self) -> Tensor:
        return Tensor(self.values, requires_grad=self.requires_grad, device="cpu")

    def is_floating_point(self) -> bool:
        return self.values.dtype.kind == "f" or self.values.dtype == ml_dtypes.bfloat16

    def double(self) -> Tensor:
        return Tensor(self.values.astype(np.float64), requires_grad=self.requires_grad, device=self.device)

    def numpy(self) -> np.ndarray:
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if self.device != "cpu":
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
            )
        if self.values.dtype == ml_dtypes.bfloat16:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.values

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        return self.numpy()
