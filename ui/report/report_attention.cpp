#include "report/report_attention.h"

#include <nlohmann/json.hpp>

namespace patchbay {

const char *const attentionStyle = R"css(
figure[data-attention] .h.head{cursor:pointer}
figure[data-attention] .h.head:focus-visible{stroke:#111;stroke-width:2;outline:none}
.h.shown{stroke:#111;stroke-width:2}
.attention{margin:.2rem 0 .8rem;padding:.6rem .8rem .8rem;border:1px solid #ccc;border-radius:4px}
.attention p{display:flex;align-items:center;gap:.5rem;margin:0 0 .4rem;font-size:.87rem}
.attention strong{flex:1}
.attention button{font:inherit;padding:0 .5rem;border:1px solid #aaa;border-radius:3px;background:#fff;cursor:pointer}
.attention svg{max-width:34rem}
.attention text{font-size:9px;fill:#111}
@media print{.attention{display:none}}
)css";

namespace {

// A click on a head (or Enter) opens its pattern below the picture: rows are destinations, columns sources.
constexpr const char *script = R"js(
(function () {
  'use strict';
  var all = JSON.parse(document.getElementById('attention-numbers').textContent), space = 'http://www.w3.org/2000/svg';
  var tip = document.getElementById('tip');
  function element(name, attributes, text) {
    var made = document.createElementNS(space, name);
    Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    if (text !== undefined) made.textContent = text;
    return made;
  }
  function pattern(prompt, bytes) {
    var n = prompt.tokens.length, cell = Math.max(6, Math.min(18, Math.floor(400 / n))), left = 84, top = 84;
    var svg = element('svg', {viewBox: '0 0 ' + (left + n * cell + 4) + ' ' + (top + n * cell + 4), role: 'img'});
    svg.setAttribute('width', left + n * cell + 4);
    prompt.tokens.forEach(function (token, i) {
      var middle = (i + 0.5) * cell, shown = token.length > 14 ? token.slice(0, 13) + '\u2026' : token;
      svg.appendChild(element('text', {x: left - 4, y: top + middle + 3, 'text-anchor': 'end'}, shown));
      svg.appendChild(element('text', {transform: 'translate(' + (left + middle + 3) + ' ' + (top - 4) + ') rotate(-90)'}, shown));
    });
    for (var to = 0; to < n; ++to)
      for (var from = 0; from <= to; ++from) {
        var weight = bytes.charCodeAt(to * n + from) / 255, mark = 1 - weight;
        var colour = [8 + 247 * mark, 48 + 207 * mark, 107 + 148 * mark].map(Math.round).join(',');
        var area = element('rect', {x: left + from * cell, y: top + to * cell, width: cell, height: cell, fill: 'rgb(' + colour + ')'});
        area.dataset.text = prompt.tokens[to].trim() + ' \u2192 ' + prompt.tokens[from].trim() + ': ' + weight.toFixed(2);
        svg.appendChild(area);
      }
    svg.appendChild(element('rect', {x: left, y: top, width: n * cell, height: n * cell, fill: 'none', stroke: '#999'}));
    svg.addEventListener('pointermove', function (event) {
      var text = event.target.dataset.text;
      tip.style.display = text ? 'block' : 'none';
      if (!text) return;
      tip.textContent = text;
      tip.style.left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8) + 'px';
      tip.style.top = Math.min(event.clientY + 16, window.innerHeight - tip.offsetHeight - 8) + 'px';
    });
    svg.addEventListener('pointerleave', function () { tip.style.display = 'none'; });
    return svg;
  }
  document.querySelectorAll('figure[data-attention]').forEach(function (figure) {
    var of = all[+figure.dataset.attention], place = 0, head = '', area = null;
    var box = document.createElement('div');
    box.className = 'attention';
    box.hidden = true;
    figure.querySelector('svg').after(box);
    function known(at) { return of.prompts[at] && of.heads[head][at]; }
    function step(by) {
      for (var at = place + by; at >= 0 && at < of.prompts.length; at += by)
        if (known(at)) { place = at; show(); return; }
    }
    function button(text, label, act) {
      var made = document.createElement('button');
      made.type = 'button';
      made.textContent = text;
      made.setAttribute('aria-label', label);
      made.addEventListener('click', act);
      return made;
    }
    function show() {
      if (!known(place)) for (place = 0; !known(place); ++place);
      var line = document.createElement('p'), title = document.createElement('strong');
      title.textContent = 'L' + head.replace('.', 'H') + ', ' + of.prompts[place].name.toLowerCase();
      line.append(title, button('\u2039', 'Previous prompt', function () { step(-1); }),
                  button('\u203a', 'Next prompt', function () { step(1); }), button('\u00d7', 'Close', close));
      var drawn = pattern(of.prompts[place], atob(of.heads[head][place]));
      drawn.setAttribute('aria-label', 'Attention of ' + title.textContent + ': rows are destinations, columns sources');
      box.replaceChildren(line, drawn);
      box.hidden = false;
    }
    function close() {
      box.hidden = true;
      if (area) area.classList.remove('shown');
    }
    figure.querySelectorAll('.h').forEach(function (one) {
      var at = /\bL(\d+)H(\d+)\b/.exec(one.dataset.text);
      if (!at || !of.heads[at[1] + '.' + at[2]]) return;
      one.classList.add('head');
      one.setAttribute('tabindex', '0');
      one.setAttribute('role', 'button');
      one.setAttribute('aria-label', one.dataset.text + '; shows its attention');
      function open() {
        var again = area === one && !box.hidden;
        close();
        if (again) return;
        area = one;
        head = at[1] + '.' + at[2];
        one.classList.add('shown');
        show();
      }
      one.addEventListener('click', open);
      one.addEventListener('keydown', function (event) {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        open();
      });
    });
  });
}());
)js";

} // namespace

QByteArray attentionHtml(const QVector<ReaderAttention> &all)
{
    if (all.isEmpty())
        return {};
    nlohmann::json list = nlohmann::json::array();
    for (const ReaderAttention &one : all) {
        nlohmann::json prompts = nlohmann::json::array(), heads = nlohmann::json::object();
        for (const ReaderAttention::Prompt &prompt : one.prompts) {
            nlohmann::json tokens = nlohmann::json::array();
            for (const QString &token : prompt.tokens)
                tokens.push_back(token.toStdString());
            prompts.push_back({{"name", prompt.name.toStdString()}, {"tokens", tokens}});
        }
        for (auto head = one.heads.begin(); head != one.heads.end(); ++head)
            for (const QByteArray &bytes : head.value())
                heads[head.key().toStdString()].push_back(bytes.toBase64().toStdString());
        list.push_back({{"prompts", prompts}, {"heads", heads}});
    }
    // ASCII, and nothing in it ends a script or a section of XML.
    std::string text = list.dump(-1, ' ', true);
    for (size_t at = 0; (at = text.find_first_of("<>&", at)) != std::string::npos; at += 6)
        text.replace(at, 1, text[at] == '<' ? "\\u003c" : text[at] == '>' ? "\\u003e" : "\\u0026");
    return "<script type=\"application/json\" id=\"attention-numbers\">" + QByteArray::fromStdString(text)
        + "</script>\n<script defer=\"defer\">document.addEventListener('DOMContentLoaded', function () {//<![CDATA["
        + script + "//]]>\n});</script>\n";
}

} // namespace patchbay
