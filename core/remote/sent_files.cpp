#include "remote/sent_files.h"

#include "analysis/registry.h"
#include "base/error.h"
#include "io/array_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>

namespace patchbay::remote {

namespace fs = std::filesystem;

namespace {

/// call(name) for each text of a request that names a file, or may.
template <class Call>
void each_name(Request &request, Call &&call)
{
    if (SetUpRequest *setup = std::get_if<SetUpRequest>(&request)) {
        if (setup->task.pairs.is_null() && !setup->task.file.empty())
            call(setup->task.file);
        return;
    }
    RunRequest *run = std::get_if<RunRequest>(&request);
    Analysis *analysis = run ? run->spec.as<Analysis>() : nullptr;
    const AnalysisInfo *info = analysis ? find_analysis(analysis->name) : nullptr;
    if (!info || !analysis->options.is_object())
        return;
    for (const Parameter &parameter : info->parameters) {
        const auto option = analysis->options.find(parameter.name);
        if (option == analysis->options.end())
            continue;
        if (parameter.kind == Parameter::Kind::File && option->is_string())
            call(option->get_ref<std::string &>());
        if (parameter.kind == Parameter::Kind::Circuits && option->is_array())
            for (nlohmann::json &one : *option)
                if (one.is_string())
                    call(one.get_ref<std::string &>());
    }
}

bool is_file(const std::string &name)
{
    std::error_code ignored;
    return fs::is_regular_file(name, ignored);
}

} // namespace

std::vector<std::string> files_named_in(const Request &request)
{
    Request copy = request;
    std::vector<std::string> names;
    each_name(copy, [&](const std::string &name) { names.push_back(name); });
    return names;
}

Request with_files(Request request, const std::map<std::string, std::string> &names)
{
    each_name(request, [&](std::string &name) {
        if (const auto found = names.find(name); found != names.end())
            name = found->second;
    });
    return request;
}

void attach_files(Asked &asked)
{
    const std::vector<std::string> named = files_named_in(asked.request);
    for (const std::string &name : std::set<std::string>(named.begin(), named.end())) {
        if (!is_file(name))
            continue; // it comes with the program, or lies over there
        const std::string bytes = read_file(name);
        asked.files.push_back({name, {bytes.begin(), bytes.end()}});
    }
}

ReceivedFiles::~ReceivedFiles()
{
    std::error_code ignored;
    if (!m_folder.empty())
        fs::remove_all(m_folder, ignored);
}

void ReceivedFiles::receive(Asked &asked)
{
    if (asked.files.empty())
        return;
    const std::vector<std::string> named = files_named_in(asked.request);
    if (m_folder.empty()) {
        std::string pattern = (fs::temp_directory_path() / "patchbay-files-XXXXXX").string();
        if (!::mkdtemp(pattern.data()))
            throw Error(pattern, std::string("cannot be made: ") + std::strerror(errno));
        m_folder = pattern;
    }
    std::map<std::string, std::string> names;
    for (SentFile &file : asked.files) {
        if (std::find(named.begin(), named.end(), file.name) == named.end())
            throw Error(file.name, "came with a request that does not name it");
        // Its own name tells its format, and is what errors call it.
        fs::path last = fs::path(file.name).filename();
        if (last.empty() || last == "." || last == "..")
            last = "file";
        const fs::path folder = m_folder / std::to_string(++m_count);
        std::error_code failed;
        fs::create_directory(folder, failed);
        if (failed)
            throw Error(folder.string(), "cannot be made: " + failed.message());
        write_file(folder / last, {file.bytes.begin(), file.bytes.end()});
        names[file.name] = (folder / last).string();
        file.bytes.clear();
    }
    const RunRequest *before = std::get_if<RunRequest>(&asked.request);
    const bool same_spec = before && before->resume && before->resume->spec == before->spec;
    asked.request = with_files(std::move(asked.request), names);
    if (RunRequest *run = std::get_if<RunRequest>(&asked.request); run && same_spec) {
        RunResult resume = *run->resume;
        resume.spec = run->spec;
        run->resume = std::make_shared<const RunResult>(std::move(resume));
    }
    asked.files.clear();
}

} // namespace patchbay::remote
