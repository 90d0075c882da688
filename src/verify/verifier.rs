//! [`Verifier`]: reads a certificate line by line and refuses the first line that is not so.
//!
//! A tuple is accepted if it is a leaf, or if a rule gives it under the stated binding from tuples
//! of earlier lines: so nothing rests on itself. At the level *model* an absence, and that a group
//! has all its rows, is looked up in relations that were closed before: all that input and facts
//! have of them is there, and every rule for them, tried with all that is there, gives nothing
//! more. What their rules negate or aggregate was closed before them: so the rules are stratified.

use std::collections::BTreeSet;
use std::rc::Rc;

use hashbrown::{HashMap, HashSet};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::form::{Atom, Content, Expr, Header, Literal, Row, Rule};
use super::search::{Binding, Table, Tables};
use super::value::{Base, Done, Fail, Tuple, Value, ensure};

/// Reads a certificate.
#[derive(Default)]
pub struct Verifier {
    given: Option<Rc<Self>>,
    header: Option<Header>,
    digest: Sha256,
    tables: Tables,
    facts: HashSet<Fact>,
    rules: Vec<Rc<Rule>>,
    begun: bool,
    leaves: HashMap<Fact, Json>,
    steps: usize,
    absent: BTreeSet<(String, Binding)>,
    /// Relations in which something is absent or of which all rows are counted.
    read: BTreeSet<String>,
    concluded: Option<usize>,
}

type Fact = (String, Tuple);

fn atom(relation: &str, values: &[Value]) -> String {
    format!("{relation}({})", values.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
}

impl Verifier {
    /// A verifier that asks at times whether to `stop`, and compares with what is `given`: one that
    /// has read a header with the files as they are, their program, and as leaves all their rows.
    #[must_use]
    pub fn new(given: Option<Rc<Self>>, stop: Option<Rc<dyn Fn() -> bool>>) -> Self {
        Self { given, tables: Tables { stop, ..Tables::default() }, ..Self::default() }
    }

    /// Checks the next line.
    ///
    /// # Errors
    /// With what is wrong with it.
    pub fn line(&mut self, text: &str) -> Result<(), String> {
        let line = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let checked = self.place(text, &line).and_then(|()| self.content(line));
        checked.map_err(|(Fail::NoValue(text) | Fail::Wrong(text))| text)
    }

    /// Whether a line may stand here.
    fn place(&mut self, text: &str, line: &Content) -> Done {
        ensure!(self.concluded.is_none(), "a line after the conclusions");
        let is_first = matches!(line, Content::Header(_));
        ensure!(self.header.is_none() == is_first, "the first line, and no other, is the header");
        if matches!(line, Content::Relation { .. } | Content::Fact(_) | Content::Rule(_)) {
            ensure!(!self.begun, "a part of the program after the first leaf");
            self.digest.update(text);
            self.digest.update("\n");
        } else if let (false, Some(header)) = (self.begun, &self.header) {
            self.begun = true;
            let digest = self.digest.clone().finalize();
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            ensure!(header.rules == digest, "the program is not that of the header");
        }
        Ok(())
    }

    fn content(&mut self, line: Content) -> Done {
        match line {
            Content::Header(header) => self.header(header)?,
            Content::Relation { name, columns, input } => {
                let columns = columns.into_iter().map(|(_, base)| base).collect();
                let table = Table { columns, input, ..Table::default() };
                let again = self.tables.by_name.insert(name, table).is_some();
                ensure!(!again, "a relation again");
            }
            Content::Fact(row) => drop(self.facts.insert(self.tuple(&row)?)),
            Content::Rule(rule) => {
                let rule = Rc::new(rule);
                self.makes_sense(&rule, &rule.body, &rule.head.1)?;
                self.rules.push(rule);
            }
            Content::Leaf { gives, by } => self.leaf(&gives, by)?,
            Content::Step { gives, rule, binding } => self.step(&gives, rule, &binding)?,
            Content::Aggregate { id, outer, value, rows } => {
                self.group(id, &outer, &value, &rows)?
            }
            Content::Closed(names) => self.close(&names)?,
            Content::Conclusions(conclusions) => self.conclude(&conclusions)?,
        }
        Ok(())
    }

    fn header(&mut self, header: Header) -> Done {
        let Header { schema, hence, level, .. } = &header;
        ensure!(schema == "hence.cert/1", "hence {hence} wrote it, as {schema}");
        ensure!(matches!(&**level, "proof" | "model"), "there is no level {level}");
        if let Some(own) = self.given.as_ref().and_then(|given| given.header.as_ref()) {
            let hashes =
                |of: &Header| of.programs.iter().map(|of| of.1.clone()).collect::<Vec<_>>();
            let same = own.rules == header.rules && hashes(own) == hashes(&header);
            ensure!(same, "the rule files are not those of the header");
            if let Some(own) = &own.inputs {
                let said = header.inputs.as_deref().unwrap_or(&[]);
                let other = said.iter().filter(|file| own.iter().all(|own| own.1 != file.1));
                let other: Vec<&str> = other.map(|file| file.0.as_str()).collect();
                let same = other.is_empty() && own.len() == said.len();
                ensure!(same, "input files are not those of the header: {}", other.join(", "));
            }
        }
        self.tables.model = header.level == "model";
        self.header = Some(header);
        Ok(())
    }

    /// What is given, if the rows of the input are.
    fn rows_given(&self) -> Option<Rc<Self>> {
        let rows = |given: &&Rc<Self>| given.header.as_ref().is_some_and(|of| of.inputs.is_some());
        self.given.as_ref().filter(rows).cloned()
    }

    fn table(&self, name: &str) -> Result<&Table, Fail> {
        self.tables.by_name.get(name).ok_or_else(|| Fail::Wrong(format!("no relation `{name}`")))
    }

    fn tuple(&self, (name, cells): &Row) -> Result<Fact, Fail> {
        let values = typed(cells, &self.table(name)?.columns)?;
        ensure!(values.iter().all(Option::is_some), "a tuple with nothing in it");
        Ok((name.clone(), values.into_iter().flatten().collect()))
    }

    /// Variables exist, atoms have the columns of their relations, aggregates are numbered.
    fn makes_sense(&mut self, rule: &Rc<Rule>, body: &[Literal], exprs: &[Expr]) -> Done {
        let far = needs(body, exprs).last().is_some_and(|var| *var >= rule.vars.len());
        ensure!(!far, "a variable too many");
        for literal in body {
            if let Literal::Atom(Atom(name, args)) | Literal::Absent(Atom(name, args)) = literal {
                let columns = &self.table(name)?.columns;
                let fits = |(arg, column): (&Expr, &Base)| match arg {
                    Expr::Var(var) => rule.vars[*var].1 == *column,
                    Expr::Const(base, value) => base == column && Value::of(value, *base).is_ok(),
                    Expr::Any => matches!(literal, Literal::Absent(_)),
                    Expr::Call(..) => false,
                };
                let right = args.len() == columns.len() && args.iter().zip(columns).all(fits);
                ensure!(right, "`{name}` has other columns");
            } else if let Literal::Aggregate(of) = literal {
                ensure!(of.id == self.tables.aggregates.len(), "aggregate {} is not next", of.id);
                self.tables.aggregates.push((Rc::clone(rule), (**of).clone()));
                self.makes_sense(rule, &of.body, of.value.as_slice())?;
            }
        }
        Ok(())
    }

    fn leaf(&mut self, gives: &Row, by: Json) -> Done {
        let fact = self.tuple(gives)?;
        if by == "fact" {
            ensure!(self.facts.contains(&fact), "the program has no such fact");
        } else {
            ensure!(self.table(&fact.0)?.input, "`{}` is no input", fact.0);
            let stands = self.rows_given().is_none_or(|own| own.leaves.get(&fact) == Some(&by));
            ensure!(stands, "the input files do not have this row there");
        }
        self.add(&fact)?;
        self.leaves.insert(fact, by);
        Ok(())
    }

    fn add(&mut self, (name, tuple): &Fact) -> Done {
        let table = self.tables.by_name.get_mut(name);
        let new = table.is_some_and(|table| !table.closed && table.insert(tuple));
        ensure!(new, "a tuple again, or of a relation that is closed");
        Ok(())
    }

    fn step(&mut self, gives: &Row, rule: usize, cells: &[Json]) -> Done {
        ensure!(rule < self.rules.len(), "no such rule");
        let (rule, fact) = (Rc::clone(&self.rules[rule]), self.tuple(gives)?);
        let binding = binding(&rule, cells, &needs(&rule.body, &rule.head.1))?;
        let head = self.tables.values(&rule.head.1, &binding)?;
        let same = rule.head.0 == fact.0 && head[..] == fact.1[..];
        ensure!(same, "rule {} gives {}", rule.name, atom(&rule.head.0, &head));
        self.body(&rule.body, &binding, true)?;
        self.steps += 1;
        self.add(&fact)
    }

    /// Every literal of a body holds, by what was shown before.
    fn body(&mut self, body: &[Literal], binding: &Binding, outermost: bool) -> Done {
        self.reads(body, &|_| outermost)?;
        for (at, literal) in body.iter().enumerate() {
            ensure!(self.tables.holds(literal, binding)?, "literal {} does not hold", at + 1);
            if let Literal::Absent(of) = literal {
                self.absent.insert((of.0.clone(), self.tables.asks(of, binding)));
            }
        }
        Ok(())
    }

    /// Relations of which a body has to know all tuples, all but those whose tuples it asks for and
    /// that `may` be incomplete, are closed; or this is trusted.
    fn reads(&mut self, body: &[Literal], may: &dyn Fn(&str) -> bool) -> Done {
        let mut names = BTreeSet::new();
        let mut visit = |name: &str, positive: bool| {
            names.extend((!positive || !may(name)).then(|| name.to_owned()));
        };
        body.iter().for_each(|literal| literal.each_relation(&mut visit));
        let closed = names.iter().all(|name| self.tables.by_name[name].closed);
        ensure!(closed || !self.tables.model, "it rests on what is not closed before");
        self.read.extend(names);
        Ok(())
    }

    fn group(&mut self, id: usize, outer: &[Json], value: &Json, rows: &[Vec<Json>]) -> Done {
        ensure!(id < self.tables.aggregates.len(), "no such aggregate");
        let (rule, of) = self.tables.aggregates[id].clone();
        let bases: Vec<Base> = of.outer.iter().map(|var| rule.vars[*var].1).collect();
        let outer = typed(outer, &bases)?;
        let mut start: Binding = vec![None; rule.vars.len()];
        of.outer.iter().zip(&outer).for_each(|(var, value)| start[*var].clone_from(value));
        let mut needs = needs(&of.body, of.value.as_slice());
        needs.retain(|var| !of.outer.contains(var));
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        self.reads(&of.body, &|_| false)?;
        for cells in rows {
            let mut row = binding(&rule, cells, &needs)?;
            of.outer.iter().for_each(|var| row[*var].clone_from(&start[*var]));
            self.body(&of.body, &row, false)?;
            ensure!(seen.insert(row.clone()), "a row again");
            let part = self.tables.part(&of, &row)?;
            found.push((row, part));
        }
        if self.tables.model {
            let all = self.tables.rows(&of, &start)?;
            let missing = all.iter().filter(|(row, _)| !seen.contains(row)).count();
            ensure!(missing == 0, "{missing} rows of the group are missing");
        }
        let (group, value) = (Tables::group(&of, &found)?, Value::of(value, rule.vars[of.var].1)?);
        let same = group.as_ref().is_some_and(|(total, _)| *total == value);
        ensure!(same, "the aggregate is not {value}");
        ensure!(self.tables.groups.insert((id, outer), group).is_none(), "a group again");
        Ok(())
    }

    /// Neither input nor facts nor rules have another tuple of these relations.
    fn close(&mut self, names: &[String]) -> Done {
        ensure!(self.tables.model, "nothing is closed at the level proof");
        let given = self.rows_given();
        for name in names {
            let table = self.table(name)?;
            ensure!(!table.closed, "`{name}` is closed again");
            let facts = self.facts.iter().filter(|fact| fact.0 == *name).map(|fact| &fact.1);
            let rows = given.iter().flat_map(|given| given.table(name)).flat_map(|own| &own.rows);
            for row in facts.chain(rows) {
                ensure!(table.known.contains(row), "{} is missing", atom(name, row));
            }
        }
        let own = |name: &str| names.iter().any(|own| own == name);
        for rule in self.rules.clone().iter().filter(|rule| own(&rule.head.0)) {
            self.reads(&rule.body, &own)?;
            let (tables, body) = (&self.tables, rule.body.iter().collect::<Vec<_>>());
            tables.each(&body, &vec![None; rule.vars.len()], None, &mut |binding| {
                let head = tables.values(&rule.head.1, binding)?;
                let there = tables.by_name[&rule.head.0].known.contains(&head[..]);
                ensure!(there, "{} gives {} too", rule.name, atom(&rule.head.0, &head));
                Ok(())
            })?;
        }
        self.tables.by_name.iter_mut().for_each(|(name, table)| table.closed |= own(name));
        Ok(())
    }

    fn conclude(&mut self, conclusions: &[Row]) -> Done {
        for (name, asks) in &self.absent {
            let there = self.table(name)?.select(asks).next().is_some();
            ensure!(!there, "a tuple of `{name}` that is said to be absent is there after all");
        }
        let mut seen = HashSet::new();
        for row in conclusions {
            let fact = self.tuple(row)?;
            let shown = self.table(&fact.0)?.known.contains(&fact.1);
            ensure!(shown, "{} was not shown", atom(&fact.0, &fact.1));
            ensure!(seen.insert(fact), "a conclusion again");
        }
        self.concluded = Some(seen.len());
        Ok(())
    }

    /// Says what was verified.
    ///
    /// # Errors
    /// If there are no conclusions.
    pub fn finish(self) -> Result<String, String> {
        let conclusions = self.concluded.ok_or("it ends without conclusions")?;
        let header = self.header.as_ref().ok_or("it is empty")?;
        let (steps, leaves) = (self.steps, self.leaves.len());
        let mut out = format!("ok: {conclusions} conclusions, {steps} steps, {leaves} leaves");
        for (at, (name, file)) in header.inputs.iter().flatten().enumerate() {
            let claims = self.leaves.values().map(|by| &by["claim"]);
            let ids = claims.filter(|of| of["file"] == at).map(|of| of["id"].to_string());
            let (ids, hash) = (ids.collect::<BTreeSet<_>>().len(), file["sha256"].as_str());
            if let (1.., Some(hash)) = (ids, hash) {
                out += &format!(", {ids} claims bound to {name}@{hash:.8}…");
            }
        }
        let closed = self.tables.by_name.values().filter(|table| table.closed).count();
        let names = self.read.into_iter().collect::<Vec<_>>().join(", ");
        let (level, absent, groups) = (&header.level, self.absent.len(), self.tables.groups.len());
        out += &format!("\nlevel {level}: absent: {absent}; aggregates: {groups} regrouped; ");
        out += &match header.level.as_str() {
            "model" => format!("both looked up in {closed} closed relations"),
            _ => format!("trusted to be complete: {names}"),
        };
        let given = self.given.as_ref().and_then(|given| given.header.as_ref());
        let compared = given.map(|Header { inputs, programs, .. }| {
            let (files, programs) = (inputs.as_ref().map_or(0, Vec::len), programs.len());
            format!("\nas in the header: {files} input files, {programs} rule files")
        });
        out += compared.as_deref().unwrap_or("\nnot compared with files of input or rules");
        Ok(out)
    }
}

/// Values of columns or variables of these types, nothing for `null`.
fn typed(cells: &[Json], bases: &[Base]) -> Result<Binding, Fail> {
    ensure!(cells.len() == bases.len(), "{} values where there are {}", cells.len(), bases.len());
    let value = |(cell, base): (&Json, &Base)| match cell {
        Json::Null => Ok(None),
        cell => Value::of(cell, *base).map(Some),
    };
    cells.iter().zip(bases).map(value).collect()
}

/// The values of variables, exactly those needed.
fn binding(rule: &Rule, cells: &[Json], needs: &BTreeSet<usize>) -> Result<Binding, Fail> {
    let binding = typed(cells, &rule.vars.iter().map(|(_, base)| *base).collect::<Vec<_>>())?;
    let right = (0..binding.len()).all(|var| binding[var].is_some() == needs.contains(&var));
    ensure!(right, "a variable has no value, or one too many");
    Ok(binding)
}

/// Variables that have values: all but those that only the inside of aggregates has.
fn needs(body: &[Literal], exprs: &[Expr]) -> BTreeSet<usize> {
    let mut needs = BTreeSet::new();
    let mut add = |var: usize| needs.extend([var]);
    body.iter().for_each(|literal| literal.each_var(&mut add));
    exprs.iter().for_each(|expr| expr.each_var(&mut add));
    needs
}

/// Reads a whole certificate and says what was verified.
///
/// # Errors
/// With the line that is refused, from 1, and what is wrong with it.
pub fn verify(text: &str, mut verifier: Verifier) -> Result<String, (usize, String)> {
    for (at, line) in text.lines().enumerate() {
        verifier.line(line).map_err(|reason| (at + 1, reason))?;
    }
    verifier.finish().map_err(|reason| (text.lines().count(), reason))
}
