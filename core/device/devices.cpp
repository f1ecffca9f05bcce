#include "device/devices.h"

#include "base/error.h"
#include "device/detail/torch_device.h"

#include <ATen/Context.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <algorithm>

namespace patchbay {

namespace {

constexpr const char processor[] = "cpu", torch_processor[] = "torch-cpu";

int cuda_devices()
{
    if (!at::hasCUDA() || !c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA))
        return 0;
    return int(c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount());
}

} // namespace

std::vector<std::string> devices_here()
{
    std::vector<std::string> names{processor, torch_processor};
    for (int i = 0; i < cuda_devices(); ++i)
        names.push_back("cuda:" + std::to_string(i));
    if (at::hasMPS())
        names.emplace_back("mps");
    return names;
}

std::string device_named(const std::string &name)
{
    const std::vector<std::string> there = devices_here();
    if (name == "auto")
        return there.size() > 2 ? there[2] : processor;
    const std::string wanted = name == "cuda" ? "cuda:0" : name;
    if (std::find(there.begin(), there.end(), wanted) != there.end())
        return wanted;
    std::string list;
    for (const std::string &one : there)
        list += (list.empty() ? "" : ", ") + one;
    const bool known = wanted == "mps" || wanted.rfind("cuda:", 0) == 0;
    throw Error("device " + name,
                (known ? "LibTorch does not find it on this machine" : std::string("there is no such device"))
                    + "; it offers " + list);
}

std::string device_title(const std::string &device)
{
    if (device == processor)
        return "the processor";
    if (device == torch_processor)
        return "LibTorch's operations on the processor";
    return device + ", by LibTorch's operations";
}

namespace detail {

at::Device torch_device(const std::string &name)
{
    return name == torch_processor ? at::Device(at::kCPU) : at::Device(name);
}

} // namespace detail

} // namespace patchbay
