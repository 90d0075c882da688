//! Random histories of a relation, told to a form and to ordered sets that stand for its views.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::thread;

use arbtest::arbitrary::{Result, Unstructured};

use crate::engine::limits::Limits;
use crate::engine::storage::adaptive::{Adaptive, Thresholds};
use crate::engine::storage::form::{
    BATCH, Cursor, Full, Halt, Join, Matches, Outbox, Rows, Storage, View,
};
use crate::engine::storage::ids::Ids;
use crate::engine::storage::pairs::{Pairs, Sizes};
use crate::engine::storage::tree::Tree;

#[derive(Default)]
struct Model {
    stable: BTreeSet<Vec<u32>>,
    delta: BTreeSet<Vec<u32>>,
    coming: BTreeSet<Vec<u32>>,
    rounds: BTreeMap<Vec<u32>, u32>,
}

impl Model {
    fn view(&self, view: View) -> BTreeSet<Vec<u32>> {
        let all = || self.stable.union(&self.delta).cloned();
        match view {
            View::Stable => self.stable.clone(),
            View::Delta => self.delta.clone(),
            View::All => all().collect(),
            View::Before(round) => all().filter(|tuple| self.rounds[tuple] < round).collect(),
        }
    }
}

fn rows(u: &mut Unstructured<'_>, arity: usize, n: usize) -> Result<Vec<Vec<u32>>> {
    let top = *u.choose(&[2_u32, 30, 3000, u32::MAX])?;
    let mut state = u.arbitrary::<u64>()?;
    let mut code = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        u32::try_from((state >> 33) % u64::from(top)).expect("below a u32")
    };
    Ok((0..n).map(|_| (0..arity).map(|_| code()).collect()).collect())
}

fn columns(rows: &[Vec<u32>], arity: usize) -> Vec<Vec<u32>> {
    (0..arity).map(|c| rows.iter().map(|row| row[c]).collect()).collect()
}

fn with_columns<T>(rows: &[Vec<u32>], arity: usize, use_it: impl FnOnce(Rows<'_>) -> T) -> T {
    let columns = columns(rows, arity);
    let slices: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
    use_it(Rows { len: rows.len(), columns: &slices })
}

fn scanned(form: &dyn Storage, view: View) -> Vec<Vec<u32>> {
    let want: Vec<usize> = (0..form.arity()).collect();
    let (mut cursor, mut out, mut all) = (Cursor::default(), Matches::default(), Vec::new());
    while !cursor.done {
        form.scan(view, &want, &mut cursor, &mut out);
        assert!(out.len <= BATCH);
        all.extend((0..out.len).map(|i| out.columns.iter().map(|c| c[i]).collect::<Vec<_>>()));
    }
    all
}

fn check_join(form: &dyn Storage, model: &Model, bound: &[usize], keys: &[Vec<u32>], view: View) {
    let want: Vec<usize> = (0..form.arity()).collect();
    with_columns(keys, bound.len(), |rows| {
        let join = Join { bound, keys: rows, view, want: &want, only: None };
        let (mut cursor, mut out, mut found) =
            (Cursor::default(), Matches::default(), BTreeSet::new());
        let mut total = 0;
        while !cursor.done {
            form.expand(join, &mut cursor, &mut out);
            assert!(out.len <= BATCH);
            total += out.len;
            assert!(total <= keys.len() * form.len(View::All), "a join comes to its end");
            for i in 0..out.len {
                let tuple: Vec<u32> = out.columns.iter().map(|c| c[i]).collect();
                found.insert((out.sources[i] as usize, tuple));
            }
        }
        let fits = |key: &[u32], tuple: &[u32]| bound.iter().zip(key).all(|(&c, &k)| tuple[c] == k);
        let tuples = model.view(view);
        let mut expected = BTreeSet::new();
        for (i, key) in keys.iter().enumerate() {
            expected.extend(tuples.iter().filter(|t| fits(key, t)).map(|t| (i, t.clone())));
        }
        assert_eq!(total, expected.len(), "no match comes twice");
        assert_eq!(found, expected, "join of {bound:?} in {view:?}");
        let mut hits = Vec::new();
        form.matches(join, &mut Cursor::default(), &mut hits);
        let hit = |key: &Vec<u32>| tuples.iter().any(|tuple| fits(key, tuple));
        assert_eq!(hits, keys.iter().map(hit).collect::<Vec<_>>(), "semijoin of {bound:?}");
    });
    for key in keys.iter().take(3) {
        let mut pattern = vec![None; form.arity()];
        bound.iter().zip(key).for_each(|(&c, &code)| pattern[c] = Some(code));
        let mut found = BTreeSet::new();
        form.each(&pattern, view, &mut |tuple| {
            assert!(found.insert(tuple.to_vec()), "no tuple comes twice");
            ControlFlow::Continue(())
        });
        let fits = |tuple: &&Vec<u32>| bound.iter().zip(key).all(|(&c, &k)| tuple[c] == k);
        assert_eq!(found, model.view(view).iter().filter(fits).cloned().collect());
    }
}

fn check_views(u: &mut Unstructured<'_>, form: &dyn Storage, model: &Model) -> Result<()> {
    for view in [View::Stable, View::Delta, View::All, View::Before(u.int_in_range(0..=6)?)] {
        let seen = scanned(form, view);
        assert_eq!(seen.len(), form.len(view));
        let seen: BTreeSet<Vec<u32>> = seen.into_iter().collect();
        assert_eq!(seen, model.view(view), "{view:?}");
        assert_eq!(seen.len(), form.len(view), "no tuple comes twice");
    }
    Ok(())
}

/// What workers offer at the same time: each all rows, or its share of them.
fn offer(form: &dyn Storage, rows: &[Vec<u32>], outboxes: &mut [Outbox], each_all: bool) {
    let count = outboxes.len();
    thread::scope(|scope| {
        for (number, outbox) in outboxes.iter_mut().enumerate() {
            scope.spawn(move || {
                let own = rows.iter().enumerate().filter(|(i, _)| each_all || i % count == number);
                let own: Vec<Vec<u32>> = own.map(|(_, row)| row.clone()).collect();
                for part in own.chunks(BATCH) {
                    with_columns(part, form.arity(), |rows| form.offer(rows, outbox))
                        .expect("there is room");
                }
            });
        }
    });
}

fn history(u: &mut Unstructured<'_>, new: fn(usize) -> Box<dyn Storage>) -> Result<()> {
    let arity = u.int_in_range(0..=5_usize)?;
    history_of(u, arity, new(arity))
}

fn history_of(u: &mut Unstructured<'_>, arity: usize, mut form: Box<dyn Storage>) -> Result<()> {
    let limits = Limits { workers: u.int_in_range(1..=3)?, alone: 0, ..Limits::default() };
    let mut model = Model::default();
    let size = |u: &mut Unstructured<'_>| -> Result<usize> {
        let big = u.ratio(1, 8)?;
        u.int_in_range(0..=if big { 9000 } else { 40 })
    };
    let n = size(u)?;
    let first = rows(u, arity, n)?;
    form.load(first.len(), columns(&first, arity), &limits).expect("no limit is set");
    model.rounds.extend(first.iter().map(|row| (row.clone(), 0)));
    model.delta.extend(first);
    let bound: Vec<usize> = (0..arity).filter(|_| u.arbitrary().unwrap_or(false)).collect();
    form.prepare(&bound, None, &limits).expect("no limit is set");
    for round in 1..u.int_in_range(2..=6_u32)? {
        for _ in 0..u.int_in_range(0..=2)? {
            let n = size(u)?;
            let more = rows(u, arity, n)?;
            let before = model.rounds.len();
            for row in &more {
                model.rounds.entry(row.clone()).or_insert(round);
                if !model.stable.contains(row) && !model.delta.contains(row) {
                    model.coming.insert(row.clone());
                }
            }
            if u.arbitrary()? {
                let mut outboxes = Vec::new();
                outboxes.resize_with(limits.workers, || Outbox::new(arity));
                form.open(&limits).expect("no limit is set");
                offer(&*form, &more, &mut outboxes, u.arbitrary()?);
                let all: Vec<usize> = (0..arity).collect();
                check_views(u, &*form, &model)?;
                check_join(&*form, &model, &all, &more[..more.len().min(20)], View::All);
                let mut outboxes: Vec<&mut Outbox> = outboxes.iter_mut().collect();
                form.close(&mut outboxes, round, &limits).expect("no limit is set");
            } else {
                let new = with_columns(&more, arity, |rows| form.insert(rows, round));
                assert_eq!(new, Ok(model.rounds.len() - before), "as many new tuples");
            }
            check_views(u, &*form, &model)?;
        }
        form.rotate(&limits).expect("no limit is set");
        let delta = take(&mut model.delta);
        model.stable.extend(delta);
        model.delta = take(&mut model.coming);
        check_views(u, &*form, &model)?;
        let mut keys: Vec<Vec<u32>> = rows(u, bound.len(), 20)?;
        let known = model.view(View::All);
        keys.extend(known.iter().take(20).map(|t| bound.iter().map(|&c| t[c]).collect()));
        for view in [View::Stable, View::Delta, View::All, View::Before(round)] {
            check_join(&*form, &model, &bound, &keys, view);
        }
    }
    form.seal();
    for (tuple, &round) in model.rounds.iter().take(50) {
        assert_eq!(form.round_of(tuple), Some(round));
    }
    assert!(form.degrees(&bound).keys >= 1);
    Ok(())
}

#[test]
fn ids_behave_like_sets() {
    arbtest::arbtest(|u| history(u, |arity| Box::new(Ids::new(arity)))).budget_ms(3000);
}

/// Sizes at which things change, from usual to tiny.
fn sizes(u: &mut Unstructured<'_>) -> Result<Sizes> {
    Ok(Sizes {
        short: *u.choose(&[0, 4, 64])?,
        wide: *u.choose(&[[1, 2], [2, 3], [1 << 8, 1 << 16]])?,
        spread: *u.choose(&[0, 4096])?,
        ..Sizes::default()
    })
}

#[test]
fn pairs_behave_like_sets() {
    arbtest::arbtest(|u| {
        let (key, sizes) = (u.int_in_range(0..=1)?, sizes(u)?);
        history_of(u, 2, Box::new(Pairs::new(key, sizes)))
    })
    .budget_ms(3000);
}

#[test]
fn relations_that_change_their_form_behave_like_sets() {
    arbtest::arbtest(|u| {
        let thresholds = Thresholds {
            tuples: *u.choose(&[2, 100, 4096])?,
            row: u.int_in_range(0..=3)?,
            scattered: u.int_in_range(0..=3)?,
            repeats: usize::MAX,
            dense: usize::MAX,
            sizes: sizes(u)?,
        };
        let arity = if u.ratio(7, 8)? { 2 } else { u.int_in_range(0..=3)? };
        history_of(u, arity, Box::new(Adaptive::new(arity, thresholds)))
    })
    .budget_ms(3000);
}

#[test]
fn trees_behave_like_sets() {
    arbtest::arbtest(|u| history(u, |arity| Box::new(Tree::new(arity))))
        .size_max(400)
        .budget_ms(500);
}

#[test]
fn lists_that_are_long_or_grow_keep_their_tuples() {
    let limits = Limits::default();
    let (mut form, mut model) = (Ids::new(2), Model::default());
    // Lists of five have room for just as many at first; that of 50 takes several batches.
    let short = (0..30).flat_map(|key| (0..5).map(move |i| vec![key, i]));
    let long = (0..u32::try_from(3 * BATCH + 10).expect("it fits")).map(|i| vec![50, i]);
    let first: Vec<Vec<u32>> = short.chain(long).collect();
    form.load(first.len(), columns(&first, 2), &limits).expect("no limit is set");
    form.prepare(&[0], None, &limits).expect("no limit is set");
    model.delta.extend(first);
    let keys: Vec<Vec<u32>> = [50, 0, 1, 2, 29, 60].map(|key| vec![key]).into();
    for round in 1..=3 {
        let more: Vec<Vec<u32>> = (0..30).map(|key| vec![key, 100_000 + round]).collect();
        let new = with_columns(&more, 2, |rows| form.insert(rows, round));
        assert_eq!(new, Ok(more.len()));
        form.rotate(&limits).expect("no limit is set");
        let delta = take(&mut model.delta);
        model.stable.extend(delta);
        model.delta.extend(more);
        check_join(&form, &model, &[0], &keys, View::All);
    }
}

#[test]
fn a_relation_that_workers_fill_says_so() {
    let limits = Limits { workers: 2, alone: 0, ..Limits::default() };
    let tuples: Vec<Vec<u32>> = (0..9).map(|i| vec![i, i]).collect();
    for (room, is_full) in [(9, false), (8, true)] {
        let forms: [Box<dyn Storage>; 2] =
            [Box::new(Ids::with_room(2, room)), Box::new(Tree::with_room(2, room))];
        for mut form in forms {
            form.open(&limits).expect("no limit is set");
            let mut outboxes = [Outbox::new(2), Outbox::new(2)];
            offer(&*form, &tuples, &mut outboxes, true);
            let mut outboxes: Vec<&mut Outbox> = outboxes.iter_mut().collect();
            let done = form.close(&mut outboxes, 1, &limits);
            assert_eq!(matches!(done, Err(Halt::Full)), is_full, "{form:?}");
            assert_eq!(done.is_ok(), !is_full, "{form:?}");
        }
    }
}

#[test]
fn a_part_of_a_scan_is_what_its_places_say() {
    let tuples: Vec<Vec<u32>> = (0..10_000).map(|i| vec![i, i / 3]).collect();
    let forms: [Box<dyn Storage>; 5] = [
        Box::new(Ids::new(2)),
        Box::new(Tree::new(2)),
        Box::new(Pairs::new(0, Sizes::default())),
        Box::new(Pairs::new(1, Sizes::default())),
        Box::new(Adaptive::new(2, Thresholds::tiny())),
    ];
    for mut form in forms {
        form.load(tuples.len(), columns(&tuples, 2), &Limits::default()).expect("no limit is set");
        let all = scanned(&*form, View::All);
        let (mut cursor, mut out) = (Cursor::default(), Matches::default());
        let (mut found, places) = (Vec::new(), form.places(View::All));
        for cut in [0, 1, 4095, 4096, 9000, places].windows(2) {
            cursor.restart_in(cut[0]..cut[1]);
            while !cursor.done {
                form.scan(View::All, &[0, 1], &mut cursor, &mut out);
                let row = |i: usize| vec![out.columns[0][i], out.columns[1][i]];
                found.extend((0..out.len).map(row));
            }
        }
        assert_eq!(found, all);
    }
}

#[test]
fn a_full_relation_says_so() {
    let ten = Sizes { tuples_max: 10, ..Sizes::default() };
    let forms: [Box<dyn Storage>; 3] = [
        Box::new(Ids::with_room(2, 10)),
        Box::new(Tree::with_room(2, 10)),
        Box::new(Pairs::new(1, ten)),
    ];
    for mut form in forms {
        let tuples: Vec<Vec<u32>> = (0..10).map(|i| vec![i, i]).collect();
        assert_eq!(with_columns(&tuples, 2, |rows| form.insert(rows, 1)), Ok(10));
        assert_eq!(with_columns(&tuples, 2, |rows| form.insert(rows, 1)), Ok(0));
        let more = [vec![10, 10]];
        assert_eq!(with_columns(&more, 2, |rows| form.insert(rows, 2)), Err(Full));
    }
    let loaded = Ids::with_room(3, 10).load(
        11,
        vec![(0..11).collect(), vec![0; 11], vec![0; 11]],
        &Limits::default(),
    );
    assert!(matches!(loaded, Err(Halt::Full)));
}

#[test]
fn a_stopped_evaluation_stops_loading_and_indexing() {
    let limits = Limits::default();
    let codes: Vec<u32> = (0..100_000_u32).map(|i| i.wrapping_mul(2_654_435_761)).collect();
    let mut form = Ids::new(2);
    form.load(codes.len(), vec![codes.clone(), codes.clone()], &limits).expect("no limit yet");
    limits.stop.store(true, Ordering::Relaxed);
    assert!(matches!(form.prepare(&[1], None, &limits), Err(Halt::Stop(_))));
    let loaded = Ids::new(2).load(codes.len(), vec![codes.clone(), codes], &limits);
    assert!(matches!(loaded, Err(Halt::Stop(_))));
}

#[test]
fn readers_go_on_while_rows_grow() {
    let limits = Limits::default();
    let first: Vec<Vec<u32>> = (0..10_000).map(|i| vec![i % 200, i / 200]).collect();
    let forms: [Box<dyn Storage>; 4] = [
        Box::new(Ids::new(2)),
        Box::new(Pairs::new(0, Sizes::default())),
        Box::new(Pairs::new(1, Sizes::default())),
        Box::new(Adaptive::new(2, Thresholds::tiny())),
    ];
    for mut form in forms {
        form.load(first.len(), columns(&first, 2), &limits).expect("no limit is set");
        form.prepare(&[0], None, &limits).expect("no limit is set");
        form.prepare(&[1], None, &limits).expect("no limit is set");
        let all: BTreeSet<Vec<u32>> = scanned(&*form, View::All).into_iter().collect();
        let mut round = 0;
        let mut grow = |form: &mut dyn Storage| {
            round += 1;
            let more: Vec<Vec<u32>> =
                (0..4000).map(|i| vec![i % 200, 50 + 20 * round + i / 200]).collect();
            with_columns(&more, 2, |rows| form.insert(rows, round)).expect("room");
        };
        let (mut cursor, mut out, mut seen) =
            (Cursor::default(), Matches::default(), BTreeSet::new());
        while !cursor.done {
            form.scan(View::All, &[0, 1], &mut cursor, &mut out);
            seen.extend((0..out.len).map(|i| vec![out.columns[0][i], out.columns[1][i]]));
            grow(&mut *form);
        }
        assert_eq!(seen, all, "scan of {form:?}");
        for bound in [vec![], vec![0], vec![1]] {
            let keys: Vec<Vec<u32>> = match bound.len() {
                0 => vec![vec![]],
                _ => (0..200).map(|key| vec![key]).collect(),
            };
            let mut found = BTreeSet::new();
            cursor.restart();
            while !cursor.done {
                with_columns(&keys, bound.len(), |keys| {
                    let join =
                        Join { bound: &bound, keys, view: View::All, want: &[0, 1], only: None };
                    form.expand(join, &mut cursor, &mut out);
                });
                found.extend((0..out.len).map(|i| vec![out.columns[0][i], out.columns[1][i]]));
                grow(&mut *form);
            }
            assert_eq!(found, all, "join of {bound:?}");
        }
    }
}
