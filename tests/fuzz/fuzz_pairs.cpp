// Files of prompt pairs: JSONL, and CSV with a header.
#include "fuzz/fuzz_input.h"
#include "task/task_source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    for (const char *extension : {".jsonl", ".csv"}) {
        const fuzz::ScratchFile file(fuzz::text(data, size), extension);
        fuzz::refuse_or_read([&] { read_pairs_file(file.path()); });
    }
    return 0;
}
