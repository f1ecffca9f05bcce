#include "spec_file.h"

#include "base/error.h"
#include "base/json_field.h"
#include "io/array_files.h"
#include "patching/run_result.h"

namespace patchbay::cli {

bool is_result(const std::string &file)
{
    const std::filesystem::path path(file);
    return path.extension() != ".json" || !read_json_file(path).contains("method");
}

RunSpec read_spec(const std::string &file)
{
    const std::filesystem::path path(file);
    if (path.extension() == ".json") {
        const nlohmann::json content = read_json_file(path);
        if (content.is_object() && content.contains("method")) {
            try {
                return run_spec_from_json(content);
            } catch (const Error &error) {
                throw Error(file, error.what());
            }
        }
    }
    RunResult result = load_result(path);
    // The texts that it read are no part of the spec but by their name: the same ones are wanted.
    if (Analysis *analysis = result.spec.as<Analysis>();
        analysis && result.summary.is_object() && result.summary.contains("texts_sha256")) {
        if (!analysis->options.is_object())
            analysis->options = nlohmann::json::object();
        analysis->options["sha256"] = result.summary.at("texts_sha256");
    }
    return result.spec;
}

} // namespace patchbay::cli
