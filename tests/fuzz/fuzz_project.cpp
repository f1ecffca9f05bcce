// Project files that come from elsewhere: any database, with any rows.
#include "fuzz/fuzz_input.h"
#include "project/project.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    const fuzz::ScratchFile file(fuzz::text(data, size), ".patchbay");
    fuzz::refuse_or_read([&] {
        const Project project(file.path(), Project::Open::ReadNewer);
        project.check();
        project.models();
        project.tasks();
        project.circuits();
        project.series();
        project.notes();
        project.history();
        project.state("layout");
    });
    return 0;
}
