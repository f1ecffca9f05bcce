#include "base/check_index.h"

#include "base/error.h"

namespace patchbay {

void check_index(int64_t index, int64_t count, const std::string &subject, const std::string &nouns)
{
    if (index >= 0 && index < count)
        return;
    const std::string number = std::to_string(index);
    throw Error(subject,
                count < 1 ? number + " is out of range: there are no " + nouns
                          : number + " is out of range: the " + nouns + " are 0 to " + std::to_string(count - 1));
}

std::string prompt_name(int64_t index)
{
    return "prompt " + std::to_string(index + 1);
}

} // namespace patchbay
