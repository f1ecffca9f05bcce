// config.json of a model folder.
#include "fuzz/fuzz_input.h"
#include "model/detail/config_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    const auto json = nlohmann::json::parse(fuzz::text(data, size), nullptr, false);
    if (json.is_discarded() || !json.is_object())
        return 0;
    fuzz::refuse_or_read([&] { check_config(config_from_json(json, "input").config, "input"); });
    return 0;
}
