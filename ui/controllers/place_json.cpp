#include "controllers/place_json.h"

#include "base/error.h"
#include "base/json_field.h"
#include "spec/run_spec.h"

#include <QByteArray>

#include <limits>

namespace patchbay {

using nlohmann::json;
using widgets::HeadId;

namespace {

constexpr int64_t kMost = std::numeric_limits<int32_t>::max();

json headsToJson(const QVector<HeadId> &heads)
{
    json all = json::array();
    for (const HeadId &head : heads)
        all.push_back({head.layer, head.head});
    return all;
}

HeadId headOf(const JsonField &field)
{
    const std::vector<JsonField> numbers = field.items();
    if (numbers.size() != 2)
        field.fail("is not [layer, head]");
    return {int(numbers[0].integer(-1, kMost)), int(numbers[1].integer(-1, kMost))};
}

QVector<HeadId> headsOf(const std::optional<JsonField> &field)
{
    QVector<HeadId> heads;
    if (field)
        for (const JsonField &head : field->items())
            heads << headOf(head);
    return heads;
}

double numberOf(const JsonField &field)
{
    if (!field.value().is_number())
        field.fail("is not a number");
    return field.value().get<double>();
}

QString textOf(const std::optional<JsonField> &field)
{
    return field ? QString::fromStdString(field->text()) : QString();
}

json edgesToJson(const EdgeCircuit &edges)
{
    json out{{"asked", edges.asked}, {"by_sign", edges.bySign}, {"name", edges.name.toStdString()}};
    if (edges.kept) {
        const QByteArray bytes(reinterpret_cast<const char *>(edges.kept->data()), qsizetype(edges.kept->size()));
        out["kept"] = qCompress(bytes).toBase64().toStdString(); // [writers, readers], as zlib has it
    }
    return out;
}

EdgeCircuit edgesOf(const JsonField &field)
{
    EdgeCircuit edges;
    edges.asked = field.at("asked").integer(-1, kMost);
    edges.bySign = field.at("by_sign").flag();
    edges.name = textOf(field.find("name"));
    if (const auto kept = field.find("kept")) {
        const QByteArray bytes = qUncompress(QByteArray::fromBase64(QByteArray::fromStdString(kept->text())));
        if (bytes.isEmpty())
            kept->fail("is not a packed set of edges");
        edges.kept = std::make_shared<const EdgeMask>(bytes.begin(), bytes.end());
    }
    return edges;
}

json groupToJson(const HeadGroup &group)
{
    return {{"kind", int(group.kind)}, {"role", group.role.toStdString()}};
}

HeadGroup groupOf(const JsonField &field)
{
    return {HeadGroup::Kind(field.at("kind").integer(0, int(HeadGroup::Kind::Selection))), textOf(field.find("role"))};
}

} // namespace

json placeToJson(const Place &place, const std::function<qint64(int run)> &idOf)
{
    json receivers = json::array(), masks = json::array();
    for (const Receiver &receiver : place.receivers)
        receivers.push_back(
            {{"head", {receiver.head.layer, receiver.head.head}}, {"site", std::string(name(receiver.site))}});
    for (auto it = place.masks.cbegin(); it != place.masks.cend(); ++it) {
        if (idOf(it.key()) < 0)
            continue;
        json mask{{"run", idOf(it.key())}, {"below", it->below}, {"by", it->by.toStdString()}};
        if (it->but)
            mask["but"] = groupToJson(*it->but);
        masks.push_back(std::move(mask));
    }
    return {{"task", to_json(place.task)},
            {"run", idOf(place.run)},
            {"compared_run", idOf(place.comparedRun)},
            {"view", place.view.toStdString()},
            {"prompt", place.prompt},
            {"heads", headsToJson(place.heads)},
            {"current", {place.current.layer, place.current.head}},
            {"receivers", std::move(receivers)},
            {"circuit", headsToJson(place.circuit)},
            {"edges", edgesToJson(place.edges)},
            {"masks", std::move(masks)}};
}

Place placeFromJson(const json &value, const std::string &file, const std::function<int(qint64 id)> &runOf)
{
    const JsonField field(value, file, "what is on view");
    const auto runAt = [&](const JsonField &of, const char *key) {
        return runOf(of.at(key).integer(-1, std::numeric_limits<int64_t>::max()));
    };
    Place place;
    place.task = task_ref_from_json(field.at("task").value(), file);
    place.run = runAt(field, "run");
    place.comparedRun = place.run < 0 ? -1 : runAt(field, "compared_run");
    place.view = textOf(field.find("view"));
    place.prompt = int(field.at("prompt").integer(-1, kMost));
    place.heads = headsOf(field.find("heads"));
    place.current = headOf(field.at("current"));
    for (const JsonField &receiver : field.at("receivers").items())
        place.receivers << Receiver{headOf(receiver.at("head")), parse_site(receiver.at("site").text())};
    place.circuit = headsOf(field.find("circuit"));
    place.edges = edgesOf(field.at("edges"));
    for (const JsonField &one : field.at("masks").items()) {
        Mask mask{numberOf(one.at("below")), {}, textOf(one.find("by"))};
        if (const auto but = one.find("but"))
            mask.but = groupOf(*but);
        if (const int run = runAt(one, "run"); run >= 0)
            place.masks[run] = mask;
    }
    return place;
}

} // namespace patchbay
