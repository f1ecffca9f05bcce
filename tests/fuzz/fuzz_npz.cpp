// npz files: a zip archive of .npy members.
#include "fuzz/fuzz_input.h"
#include "io/array_files.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    const fuzz::ScratchFile file(fuzz::text(data, size), ".npz");
    fuzz::refuse_or_read([&] {
        for (const auto &[name, array] : read_arrays(file.path()).arrays)
            if (array.count() != int64_t(std::visit([](const auto &values) { return values.size(); }, array.values)))
                std::abort();
    });
    return 0;
}
