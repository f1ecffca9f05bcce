// Run specs in JSON; what was read writes and reads back as the same spec.
#include "fuzz/fuzz_input.h"
#include "spec/run_spec.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    const auto json = nlohmann::json::parse(fuzz::text(data, size), nullptr, false);
    if (json.is_discarded())
        return 0;
    fuzz::refuse_or_read([&] {
        const RunSpec spec = run_spec_from_json(json);
        if (!(run_spec_from_json(nlohmann::json(to_json(spec))) == spec))
            std::abort();
        title(spec);
        describe(spec);
        cache_key(spec);
    });
    return 0;
}
