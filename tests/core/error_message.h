// What the Error says that a call ends with.
#pragma once

#include "base/error.h"

#include <QtTest>

#include <string>

template <typename Call>
std::string error_message_of(const Call &call)
{
    try {
        call();
    } catch (const patchbay::Error &error) {
        return error.what();
    }
    return "no error";
}

/// Fails unless the call throws an Error whose message has this part.
#define VERIFY_MESSAGE(call, part)                                                                                     \
    do {                                                                                                               \
        const std::string error_message = error_message_of([&] { (void)(call); });                                     \
        QVERIFY2(error_message.find(part) != std::string::npos, error_message.c_str());                                \
    } while (false)
