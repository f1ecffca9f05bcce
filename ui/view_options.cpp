#include "view_options.h"

#include <QAbstractButton>
#include <QAction>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QSlider>
#include <QSpinBox>

namespace patchbay {

namespace {

using nlohmann::json;

constexpr const char *kName = "kept-option";

template <class Call>
void eachOption(const QObject &window, const Call &call)
{
    for (QObject *child : window.findChildren<QObject *>())
        if (const QVariant name = child->property(kName); name.isValid())
            call(child, name.toString().toStdString());
}

json choiceOf(const QComboBox &box)
{
    const QVariant data = box.currentData();
    if (data.userType() == QMetaType::Int)
        return data.toInt();
    if (data.userType() == QMetaType::QString)
        return data.toString().toStdString();
    return box.currentIndex();
}

void choose(QComboBox &box, const json &value)
{
    const bool byIndex = box.count() > 0 && !box.itemData(0).isValid();
    int at = -1;
    if (byIndex && value.is_number_integer()) {
        at = value.get<int>() < box.count() ? value.get<int>() : -1;
    } else if (value.is_number_integer()) {
        at = box.findData(value.get<int>());
    } else if (value.is_string()) {
        const QString data = QString::fromStdString(value.get<std::string>());
        if (data.isEmpty())
            return;
        at = box.findData(data);
        if (at < 0) {
            box.addItem(data, data);
            at = box.count() - 1;
        }
    }
    if (at < 0 || at == box.currentIndex())
        return;
    box.setCurrentIndex(at);
    Q_EMIT box.activated(at);
}

} // namespace

void keepOption(QObject *control, const char *name)
{
    control->setProperty(kName, QString::fromLatin1(name));
}

json optionsOf(const QObject &window)
{
    json out = json::object();
    eachOption(window, [&](QObject *control, const std::string &name) {
        if (const auto *box = qobject_cast<QComboBox *>(control))
            out[name] = choiceOf(*box);
        else if (const auto *whole = qobject_cast<QSpinBox *>(control))
            out[name] = whole->value();
        else if (const auto *number = qobject_cast<QDoubleSpinBox *>(control))
            out[name] = number->value();
        else if (const auto *slider = qobject_cast<QAbstractSlider *>(control))
            out[name] = slider->value();
        else if (const auto *button = qobject_cast<QAbstractButton *>(control))
            out[name] = button->isChecked();
        else if (const auto *action = qobject_cast<QAction *>(control))
            out[name] = action->isChecked();
    });
    return out;
}

void setOptions(QObject &window, const json &options)
{
    if (!options.is_object())
        return;
    eachOption(window, [&](QObject *control, const std::string &name) {
        const auto found = options.find(name);
        if (found == options.end())
            return;
        if (auto *box = qobject_cast<QComboBox *>(control))
            choose(*box, *found);
        else if (auto *whole = qobject_cast<QSpinBox *>(control); whole && found->is_number_integer())
            whole->setValue(found->get<int>());
        else if (auto *number = qobject_cast<QDoubleSpinBox *>(control); number && found->is_number())
            number->setValue(found->get<double>());
        else if (auto *slider = qobject_cast<QAbstractSlider *>(control); slider && found->is_number_integer())
            slider->setValue(found->get<int>());
        else if (auto *button = qobject_cast<QAbstractButton *>(control); button && found->is_boolean())
            button->setChecked(found->get<bool>());
        else if (auto *action = qobject_cast<QAction *>(control); action && found->is_boolean())
            action->setChecked(found->get<bool>());
    });
}

void onOptionChanged(QObject &window, const std::function<void()> &call)
{
    eachOption(window, [&](QObject *control, const std::string &) {
        if (auto *box = qobject_cast<QComboBox *>(control))
            QObject::connect(box, &QComboBox::currentIndexChanged, &window, call);
        else if (auto *whole = qobject_cast<QSpinBox *>(control))
            QObject::connect(whole, &QSpinBox::valueChanged, &window, call);
        else if (auto *number = qobject_cast<QDoubleSpinBox *>(control))
            QObject::connect(number, &QDoubleSpinBox::valueChanged, &window, call);
        else if (auto *slider = qobject_cast<QAbstractSlider *>(control))
            QObject::connect(slider, &QAbstractSlider::valueChanged, &window, call);
        else if (auto *button = qobject_cast<QAbstractButton *>(control))
            QObject::connect(button, &QAbstractButton::toggled, &window, call);
        else if (auto *action = qobject_cast<QAction *>(control))
            QObject::connect(action, &QAction::toggled, &window, call);
    });
}

} // namespace patchbay
