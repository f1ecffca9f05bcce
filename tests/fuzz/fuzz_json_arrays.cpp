// Arrays in JSON, and the results that are saved so.
#include "fuzz/fuzz_input.h"
#include "io/array_files.h"
#include "patching/run_result.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    const fuzz::ScratchFile file(fuzz::text(data, size), ".json");
    fuzz::refuse_or_read([&] { read_arrays(file.path()); });
    fuzz::refuse_or_read([&] { load_result(file.path()); });
    return 0;
}
