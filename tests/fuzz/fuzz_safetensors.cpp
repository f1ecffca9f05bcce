// Safetensors files: the header alone, and the whole file through the reader of arrays.
#include "fuzz/fuzz_input.h"
#include "io/array_files.h"
#include "io/safetensors.h"

#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    fuzz::refuse_or_read([&] {
        const auto bytes = std::as_bytes(std::span(data, size));
        const SafetensorsHeader header = parse_safetensors_header(bytes, size, "input");
        // What the header promises lies inside the file, or a reader would leave it.
        for (const auto &[name, tensor] : header.tensors)
            if (tensor.begin > tensor.end || tensor.end > size)
                std::abort();
    });
    const fuzz::ScratchFile file(fuzz::text(data, size), ".safetensors");
    fuzz::refuse_or_read([&] {
        for (const auto &[name, array] : read_arrays(file.path()).arrays)
            if (array.count() != int64_t(std::visit([](const auto &values) { return values.size(); }, array.values)))
                std::abort();
    });
    return 0;
}
