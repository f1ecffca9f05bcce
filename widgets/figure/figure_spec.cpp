// FigureSpec as JSON: remembered choices, and the choices kept in a figure's metadata.
#include "figure.h"

#include <QJsonArray>

#include <algorithm>

namespace patchbay::widgets {

namespace {

const QStringList mapNames{QStringLiteral("RdBu"), QStringLiteral("PuOr"), QStringLiteral("viridis")};

} // namespace

QJsonObject FigureSpec::toJson() const
{
    QJsonArray chosen;
    for (const int facet : facets)
        chosen << facet;
    return {
        {QStringLiteral("width"), width},
        {QStringLiteral("height"), height},
        {QStringLiteral("points"), points},
        {QStringLiteral("map"), mapNames.value(int(colourMap))},
        {QStringLiteral("limit"), limit},
        {QStringLiteral("values"), values},
        {QStringLiteral("top_labels"), topLabels},
        {QStringLiteral("show_title"), showTitle},
        {QStringLiteral("title"), title},
        {QStringLiteral("show_caption"), showCaption},
        {QStringLiteral("caption"), caption},
        {QStringLiteral("facets"), chosen},
        {QStringLiteral("attention"), attention == Attention::Text ? QStringLiteral("text") : QStringLiteral("matrix")},
        {QStringLiteral("destination"), destination},
        {QStringLiteral("dpi"), dpi}};
}

FigureSpec FigureSpec::fromJson(const QJsonObject &json)
{
    FigureSpec spec;
    spec.width = std::clamp(json[QLatin1String("width")].toDouble(spec.width), 30.0, 1000.0);
    spec.height = std::clamp(json[QLatin1String("height")].toDouble(spec.height), 0.0, 1000.0);
    spec.points = std::clamp(json[QLatin1String("points")].toDouble(spec.points), 5.0, 24.0);
    const qsizetype map = mapNames.indexOf(json[QLatin1String("map")].toString(mapNames[0]));
    spec.colourMap = ColourMap(std::max<qsizetype>(0, map));
    spec.limit = std::max(0.0, json[QLatin1String("limit")].toDouble(spec.limit));
    spec.values = json[QLatin1String("values")].toBool(spec.values);
    spec.topLabels = std::clamp(json[QLatin1String("top_labels")].toInt(spec.topLabels), -1, 1000);
    spec.showTitle = json[QLatin1String("show_title")].toBool(spec.showTitle);
    spec.title = json[QLatin1String("title")].toString();
    spec.showCaption = json[QLatin1String("show_caption")].toBool(spec.showCaption);
    spec.caption = json[QLatin1String("caption")].toString();
    for (const QJsonValue &facet : json[QLatin1String("facets")].toArray())
        spec.facets << facet.toInt();
    spec.attention =
        json[QLatin1String("attention")].toString() == QLatin1String("text") ? Attention::Text : Attention::Matrix;
    spec.destination = json[QLatin1String("destination")].toInt(spec.destination);
    spec.dpi = std::clamp(json[QLatin1String("dpi")].toInt(spec.dpi), 72, 2400);
    return spec;
}

} // namespace patchbay::widgets
