// From the name of a device to LibTorch's own.
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace patchbay::detail {

/// name: one of devices_here() but "cpu".
at::Device torch_device(const std::string &name);

} // namespace patchbay::detail
