#include "shell/kept_circuits.h"

#include "base/error.h"
#include "model/check_head.h"
#include "view_models.h"

#include <QSettings>
#include <QStringList>

#include <algorithm>

namespace patchbay {

namespace {

// By the weights: a folder may be moved, and another model may take its place.
QString key(const Setup &setup)
{
    return QStringLiteral("circuits/") + QString::fromStdString(setup.model_ref.sha256);
}

} // namespace

QVector<widgets::HeadId> keptCircuit(const Setup &setup)
{
    QVector<widgets::HeadId> circuit;
    for (const QString &name : QSettings().value(key(setup)).toStringList()) {
        try {
            const Head head = parse_head(name.toStdString());
            check_head(head, setup.config());
            if (!circuit.contains(toHeadId(head)))
                circuit << toHeadId(head);
        } catch (const Error &) {
            continue; // settings can be edited by hand
        }
    }
    std::sort(circuit.begin(), circuit.end());
    return circuit;
}

void keepCircuit(const Setup &setup, const QVector<widgets::HeadId> &circuit)
{
    QStringList names;
    for (const widgets::HeadId &head : circuit)
        names << widgets::label(head);
    if (names.isEmpty())
        QSettings().remove(key(setup));
    else
        QSettings().setValue(key(setup), names);
}

} // namespace patchbay
