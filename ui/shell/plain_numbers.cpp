#include "shell/plain_numbers.h"

#include <QLocale>

#include <clocale>

namespace patchbay {

void usePlainNumbers()
{
    QLocale::setDefault(QLocale::c());
    std::setlocale(LC_NUMERIC, "C");
}

} // namespace patchbay
