#include "spec_file.h"

#include "base/error.h"
#include "base/json_field.h"
#include "io/array_files.h"
#include "model/model_folder.h"
#include "patching/run_result.h"

#include <iostream>
#include <iterator>

namespace patchbay::cli {

namespace {

/// Of standard input, for specs in scripts.
RunSpec typed_spec()
{
    const std::string text{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
    try {
        return run_spec_from_json(parse_json(text, "standard input"));
    } catch (const Error &error) {
        throw Error("-", error.what());
    }
}

} // namespace

bool is_result(const std::string &file)
{
    if (file == spec_from_input)
        return false;
    const std::filesystem::path path(file);
    return path.extension() != ".json" || !read_json_file(path).contains("method");
}

RunSpec read_spec(const std::string &file)
{
    if (file == spec_from_input)
        return typed_spec();
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

WorkOptions work_of(const RunSpec &spec, const std::string &file, const std::string &model)
{
    WorkOptions work;
    if (model.empty())
        work.model.commit = spec.model.commit;
    work.model.path = model.empty() ? model_path_in(file, spec.model.path) : model;
    const Processing &p = spec.model.processing;
    work.model.no_fold_ln = !p.fold_ln;
    work.model.no_center_writing = !p.center_writing;
    work.model.no_center_unembed = !p.center_unembed;
    work.model.no_fold_value_biases = !p.fold_value_biases;
    if (spec.model.dtype)
        work.model.dtype = word_of(*spec.model.dtype);
    work.task.task = spec.task;
    work.expected_sha256 = spec.model.sha256;
    work.expected_task_sha256 = spec.task.sha256;
    return work;
}

} // namespace patchbay::cli
