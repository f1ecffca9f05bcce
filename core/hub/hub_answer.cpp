#include "hub/detail/hub_answer.h"

#include "base/error.h"
#include "base/json_field.h"
#include "hub/environment.h"

namespace patchbay {

namespace {

/// What the hub itself calls the refusal: "RepoNotFound", "RevisionNotFound", "EntryNotFound", "GatedRepo".
std::string code_of(const HttpAnswer &answer)
{
    const auto found = answer.headers.find("x-error-code");
    return found == answer.headers.end() ? std::string() : found->second;
}

std::string message_of(const HttpAnswer &answer)
{
    const auto found = answer.headers.find("x-error-message");
    return found == answer.headers.end() || found->second.empty() ? std::string()
                                                                  : " (it says " + in_quotes(found->second) + ")";
}

} // namespace

void refuse_answer(const HubName &name, const std::string &file, const HttpAnswer &answer)
{
    const long status = answer.status;
    if (status < 400)
        return;
    const std::string endpoint = hub_endpoint(), code = code_of(answer), page = endpoint + "/" + name.model,
                      number = std::to_string(status);
    const bool token = !hub_token().empty();
    const std::string with_token =
        "make a token at " + endpoint + "/settings/tokens and set HF_TOKEN to it, then download again";
    if (code == "GatedRepo" || status == 403)
        throw Error(name.model,
                    "is open only to those who accepted its conditions (" + number + "): accept them at " + page + ", "
                        + (token ? "with the account that the token in use belongs to; the token must be allowed to "
                                   "read gated models"
                                 : with_token));
    if (code == "RevisionNotFound")
        throw Error(name.text(),
                    "has no revision " + name.wanted_revision() + " (" + number + "); " + page
                        + "/refs lists its branches and tags");
    // The hub says 401 for names that do not exist, too.
    if (status == 401)
        throw Error(name.model,
                    "does not exist at " + endpoint + ", or is private or gated (401): look at the name; "
                        + (token ? "if it is right, the token in use (HF_TOKEN, or the file of `hf auth login`) is not "
                                   "valid or not this model's: make another at "
                                   + endpoint + "/settings/tokens"
                                 : "if it is right, " + with_token));
    if (status == 404 && (code == "EntryNotFound" || !file.empty()))
        throw Error(name.text(), "has no file " + file + " at " + endpoint + " (404)");
    if (status == 404)
        throw Error(name.text(),
                    "does not exist at " + endpoint
                        + " (404): is the name right? It is ORG/NAME as in the address of the model's page, and "
                          "@REVISION a branch, a tag or a commit of it");
    if (status == 429)
        throw Error(endpoint,
                    "has been asked too often from here (429); wait some minutes"
                        + std::string(token ? "" : ", or " + with_token));
    if (status >= 500)
        throw Error(endpoint,
                    "does not work at the moment (" + number + ")" + message_of(answer) + "; try again later");
    throw Error(file.empty() ? name.text() : name.text() + ", " + file,
                "the hub refuses with " + number + message_of(answer));
}

} // namespace patchbay
