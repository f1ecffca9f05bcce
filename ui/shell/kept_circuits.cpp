#include "shell/kept_circuits.h"

#include <QRegularExpression>
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
    static const QRegularExpression form(QStringLiteral("^L(\\d{1,4})H(\\d{1,4})$"));
    const ModelConfig &config = setup.model->config();
    QVector<widgets::HeadId> circuit;
    for (const QString &name : QSettings().value(key(setup)).toStringList()) {
        const auto match = form.match(name);
        const widgets::HeadId head{match.captured(1).toInt(), match.captured(2).toInt()};
        if (match.hasMatch() && head.layer < config.n_layers && head.head < config.n_heads && !circuit.contains(head))
            circuit << head;
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
