// Errors that a person reads: which file (or option, or tensor) and what is wrong with it.
#pragma once

#include <stdexcept>
#include <string>

namespace patchbay {

/// Anything that went wrong and can be explained. what() is "subject: cause".
class Error : public std::runtime_error {
public:
    /// subject: the file, tensor or option that it is about; cause: what is wrong, in words a user can act on.
    Error(std::string subject, std::string cause)
        : std::runtime_error(subject.empty() ? cause : subject + ": " + cause), m_subject(std::move(subject)),
          m_cause(std::move(cause))
    {
    }
    const std::string &subject() const { return m_subject; }
    const std::string &cause() const { return m_cause; }

private:
    std::string m_subject;
    std::string m_cause;
};

/// Thrown where a CancelToken was seen to be cancelled. Not an error: what is finished stays.
class Cancelled : public std::exception {
public:
    const char *what() const noexcept override { return "cancelled"; }
};

} // namespace patchbay
