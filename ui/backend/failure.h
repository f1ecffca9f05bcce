// How errors look to a person.
#pragma once

#include "patching/event.h"

#include <QString>

#include <exception>

namespace patchbay {

/// An error as a value: what it is about, why, and what the user can do next.
struct Failure {
    QString subject;
    QString cause;
    QString nextStep;
    QString text() const { return subject.isEmpty() ? cause : subject + QStringLiteral(": ") + cause; }
};

inline Failure failureOf(const Failed &failed)
{
    return {QString::fromStdString(failed.subject), QString::fromStdString(failed.cause),
            QString::fromStdString(failed.next_step)};
}

/// Explains any exception of core to a user.
inline Failure failureOf(std::exception_ptr error)
{
    return failureOf(failed_of(error));
}

} // namespace patchbay
