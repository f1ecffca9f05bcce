// The pickle inside a pytorch_model.bin.
#include "fuzz/fuzz_input.h"
#include "model/detail/pickle.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    fuzz::refuse_or_read([&] {
        const Pickle pickle(fuzz::text(data, size), "input");
        // Objects name their parts by number: each must be there, and a dictionary's come in pairs.
        for (const size_t item : pickle.root().items)
            for (const size_t part : pickle.value(item).items)
                (void)pickle.value(part).items.size();
        if (pickle.root().kind == PickleValue::Kind::Dict && pickle.root().items.size() % 2 != 0)
            std::abort();
    });
    return 0;
}
