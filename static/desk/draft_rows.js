// Finds the rows of a stored draft in a form whose rows have moved since. Fields are named by the place of their row
// (`plans-3-amount`), and places change when colleagues add, supersede, or remove rows. So a draft also says what its rows were. What
// was typed into a new row, or into one that is gone by now, goes into an empty row, and never into somebody else's.
"use strict";
const draftRows = (() => {
  const TOTAL = "-TOTAL_FORMS";
  const IDS = ["id", "key", "attribute"]; // hidden fields that identify a row
  const NAMES = ["name", "claim", "words", "meter"]; // what identifies a row without an identity, or one that has another by now

  const isTicked = (field) => field.type === "checkbox" || field.type === "radio";

  function readAsItCame(field) {
    if (field.tagName !== "SELECT") return field.defaultValue;
    return ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? "";
  }

  // The prefixes of all lists of rows: formsets, and after them the lists inside their rows.
  function findLists(form) {
    const formsets = [...form.elements].filter((field) => field.name.endsWith(TOTAL)).map((field) => field.name.slice(0, -TOTAL.length));
    const inside = [...form.querySelectorAll("[data-entries]")].map((list) => list.dataset.entries);
    return [...formsets, ...inside].sort((one, two) => one.length - two.length);
  }

  // The number of the row of a list in which a field is, or of the row with this prefix; and what follows it in the name.
  function locate(name, list) {
    const found = name.startsWith(`${list}-`) && name.slice(list.length + 1).match(/^(\d+)(?:-(.+))?$/);
    return found ? { number: Number(found[1]), column: found[2] ?? "" } : null;
  }

  // The rows of a list by number, each with its fields by column.
  function readRows(form, list) {
    const rows = new Map();
    for (const field of form.elements) {
      const at = field.name && locate(field.name, list);
      if (!at) continue;
      if (!rows.has(at.number)) rows.set(at.number, {});
      (rows.get(at.number)[at.column] ??= []).push(field);
    }
    return rows;
  }

  function identify(fields) {
    const known = IDS.filter((name) => fields[name]?.[0].type === "hidden" && fields[name][0].value);
    const column = NAMES.find((name) => fields[name]) ?? "";
    return { ids: Object.fromEntries(known.map((name) => [name, fields[name][0].value])), column, name: column ? readAsItCame(fields[column][0]) : "" };
  }

  const isEmpty = (fields) => Object.values(fields).flat().every((field) => field.type === "hidden" || isTicked(field) || field.tagName === "SELECT" || !(readAsItCame(field) || field.value));

  // What the rows are that have any of these fields, with all their values: {"plans-3": {ids, column, name, values}}.
  function describe(form, names, values, before = {}) {
    const described = {};
    for (const list of findLists(form)) {
      const numbers = new Set(names.map((name) => locate(name, list)?.number).filter((number) => number !== undefined));
      if (!numbers.size) continue;
      const rows = readRows(form, list);
      for (const number of numbers) {
        const prefix = `${list}-${number}`;
        const own = Object.entries(values).filter(([name]) => name.startsWith(`${prefix}-`));
        described[prefix] = { ...(before[prefix] ?? identify(rows.get(number))), values: Object.fromEntries(own) };
      }
    }
    return described;
  }

  const hold = (fields, { prefix, values }) => Object.entries(values).every(([name, typed]) => {
    const here = fields[name.slice(prefix.length + 1)] ?? [];
    return JSON.stringify(typed) === JSON.stringify(here.filter((field) => !isTicked(field) || field.checked).map((field) => field.value));
  });

  // Return where the rows of a draft belong, by number: the number of a row of the form, or one beyond the last for a row to be
  // added; null if nothing is left to do. `isNew` is whether the form lacks a row that the draft had.
  function findPlaces(drafted, rows, canGrow) {
    const present = [...rows].map(([number, fields]) => ({ number, fields, ...identify(fields) }));
    const places = new Map();
    const taken = new Set();
    const put = (number, to, isNew) => {
      places.set(number, { to, isNew });
      taken.add(to);
    };
    const match = (isSame) => {
      for (const [number, row] of drafted) {
        if (places.has(number)) continue;
        const same = present.filter((other) => !taken.has(other.number) && isSame(row, other)).map((other) => other.number);
        if (same.length) put(number, same.includes(number) ? number : same[0], false);
      }
    };
    match((row, other) => row.ids.id && row.ids.id === other.ids.id);
    match((row, other) => row.ids.key && row.ids.key === other.ids.key);
    match((row, other) => row.ids.attribute && row.ids.attribute === other.ids.attribute);
    match((row, other) => row.name && row.name === other.name);
    match((row, other) => !row.ids.id && !other.ids.id && row.ids.attribute === other.ids.attribute && hold(other.fields, row));
    for (const [number, row] of drafted) {
      if (places.has(number)) continue;
      const was = Boolean(row.ids.id || row.ids.key || row.name);
      const isRemoved = row.values[`${row.prefix}-DELETE`]?.length || (row.column && !row.values[`${row.prefix}-${row.column}`]?.[0]);
      if (row.ids.key || (was && isRemoved)) {
        places.set(number, { to: null, isNew: false });
        continue;
      }
      const free = present.filter((other) => !taken.has(other.number) && !Object.keys(other.ids).length && isEmpty(other.fields)).map((other) => other.number);
      const isBeyond = canGrow && !rows.has(number) && !taken.has(number);
      put(number, isBeyond || free.includes(number) ? number : (free[0] ?? Math.max(-1, ...rows.keys(), ...taken) + 1), was);
    }
    return places;
  }

  // Return a draft as this form names its fields, with the number of rows that it takes.
  function place(form, draft) {
    if (!draft.rows) return draft; // of an earlier release
    let { values, rows } = draft;
    const totals = {};
    for (const list of findLists(form)) {
      const own = Object.entries(rows).filter(([prefix]) => locate(prefix, list)?.column === "");
      if (!own.length) continue;
      const total = form.elements[`${list}${TOTAL}`];
      const here = readRows(form, list);
      const drafted = new Map(own.map(([prefix, row]) => [locate(prefix, list).number, { ...row, prefix }]));
      const places = findPlaces(drafted, here, Boolean(total));
      for (const [number, { to, isNew }] of places) {
        if (!isNew) continue;
        // All of the row comes back, and not only what was typed.
        const { prefix, ids, values: all } = drafted.get(number);
        const isChosen = ids.attribute && here.get(to)?.attribute?.[0].type !== "hidden";
        values = { ...values, ...all, ...(isChosen ? { [`${prefix}-attribute`]: [ids.attribute] } : {}) };
      }
      const rename = (entries) => Object.fromEntries(Object.entries(entries).flatMap(([name, value]) => {
        const at = locate(name, list);
        const found = at && places.get(at.number);
        if (!found) return [[name, value]];
        return found.to === null ? [] : [[`${list}-${found.to}${name.slice(`${list}-${at.number}`.length)}`, value]];
      }));
      values = rename(values);
      rows = Object.fromEntries(Object.entries(rename(rows)).map(([prefix, row]) => [prefix, { ...row, values: rename(row.values) }]));
      if (total) totals[total.name] = String(Math.max(Number(total.value), ...[...places.values()].map(({ to }) => (to ?? -1) + 1)));
    }
    return { ...draft, values, rows, totals };
  }

  return { describe, place };
})();
