// The devices that LibTorch offers on this machine, by the names that --device takes.
#pragma once

#include <string>
#include <vector>

namespace patchbay {

/// "cpu": the engine that is made for processors, which computes wherever nothing else is said. The others compute by
/// LibTorch's operations: "torch-cpu" on the processor, for checking, and what LibTorch has here of "cuda:0", "cuda:1"
/// … and "mps".
std::vector<std::string> devices_here();

/// The one of devices_here() that a name means: "cuda" the first of its kind, "auto" the first that is no processor,
/// else "cpu". Throws Error that names what there is.
std::string device_named(const std::string &name);

/// For people: "cuda:0", "torch-cpu" … with what it is.
std::string device_title(const std::string &device);

} // namespace patchbay
