use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

fn leaves(n: u64) -> Vec<Digest> {
    (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}
fn hex(s: &str) -> Digest {
    format!("sha256:{s}").parse().unwrap()
}

/// The tree that the reference implementations of RFC 6962 are tested with.
#[test]
fn the_known_tree() {
    let inputs: [&[u8]; 8] = [
        b"",
        &[0],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut head = Head::new();
    let mut hashes = Vec::new();
    assert_eq!(head.root(), hex(roots[0]));
    for (input, root) in inputs.iter().zip(&roots[1..]) {
        head.push(leaf_hash(input));
        hashes.push(leaf_hash(input));
        assert_eq!(head.root(), hex(root));
        assert_eq!(super::root(hashes.as_slice(), head.size()), Ok(hex(root)));
    }
}

/// RFC 6962 §2.1.3: the example tree of seven leaves, in words `d0..d6`.
#[test]
fn the_example_proofs() {
    let d = leaves(7);
    let n = |a: &Digest, b: &Digest| node_hash(a, b);
    let (g, h, i, j) = (n(&d[0], &d[1]), n(&d[2], &d[3]), n(&d[4], &d[5]), d[6]);
    let (k, l) = (n(&g, &h), n(&i, &j));
    assert_eq!(inclusion_proof(d.as_slice(), 0, 7).unwrap(), [d[1], h, l]);
    assert_eq!(inclusion_proof(d.as_slice(), 3, 7).unwrap(), [d[2], g, l]);
    assert_eq!(inclusion_proof(d.as_slice(), 4, 7).unwrap(), [d[5], j, k]);
    assert_eq!(inclusion_proof(d.as_slice(), 6, 7).unwrap(), [i, k]);
    assert_eq!(consistency_proof(d.as_slice(), 3, 7).unwrap(), [d[2], d[3], g, l]);
    assert_eq!(consistency_proof(d.as_slice(), 4, 7).unwrap(), [l]);
    assert_eq!(consistency_proof(d.as_slice(), 6, 7).unwrap(), [i, j, k]);
}

#[test]
fn paths_of_the_specification() {
    assert_eq!(Tile::full(0, 1_234_067).path(), "tile/0/x001/x234/067");
    assert_eq!(Tile::full(3, 0).path(), "tile/3/000");
    assert_eq!(Tile::new(0, 273, 112).unwrap().path(), "tile/0/273.p/112");
    assert_eq!(Tile::full(0, 1000).entries_path(), "tile/entries/x001/000");
    for bad in [
        "tile/0/1",
        "tile/0/001.p/256",
        "tile/0/001.p/0",
        "tile/64/000",
        "tile/00/000",
        "tile/0/x000/001",
        "x/0/000",
        "tile/0/",
    ] {
        assert!(Tile::from_path(bad).is_err(), "{bad}");
    }
}

/// The example of tlog-tiles: a tree of 70 000 leaves.
#[test]
fn tiles_of_the_specification() {
    let mut tiler = Tiler::new();
    let mut full = HashMap::new();
    for leaf in leaves(70_000) {
        tiler.push(leaf, |t, _| *full.entry(t.level()).or_insert(0) += 1);
    }
    assert_eq!(full, HashMap::from([(0, 273), (1, 1)]));
    let partial: Vec<_> = (0..4).map(|l| Tile::partial(l, 70_000).map(|t| (t.index(), t.width()))).collect();
    assert_eq!(partial, [Some((273, 112)), Some((1, 17)), Some((0, 1)), None]);
    assert_eq!(tiler.levels().iter().map(Vec::len).collect::<Vec<_>>(), [112, 17, 1]);
    assert_eq!(tiler.head(), leaves(70_000).into_iter().collect());
    // A full level 0 tile at size 256, and a partial level 1 tile of width 1.
    assert_eq!((Tile::partial(0, 256), Tile::partial(1, 256)), (None, Tile::new(1, 0, 1)));
}

struct Tiles(HashMap<Tile, Vec<Digest>>);
impl Nodes for Tiles {
    fn node(&self, level: u8, index: u64) -> Option<Digest> {
        Tile::node_within(self.0.get(&Tile::holding(level, index))?, level, index)
    }
}

#[test]
fn tiles_hold_the_nodes_of_the_tree() {
    let all = leaves(1024);
    let (mut tiler, mut tiles) = (Tiler::new(), HashMap::new());
    for leaf in &all {
        tiler.push(*leaf, |t, b| drop(tiles.insert(t, t.hashes(&b).unwrap())));
    }
    let tiles = Tiles(tiles);
    for (level, index) in [(0, 0), (0, 1023), (3, 100), (7, 5), (8, 3)] {
        let expect = all.as_slice().node(level, index);
        let got = if level < 8 { tiles.node(level, index) } else { tiler.levels()[1].get(3).copied() };
        assert_eq!(got, expect, "{level} {index}");
    }
}

proptest! {
    #[test]
    fn every_proof_holds_and_no_other(size in 1..300_u64, a in any::<u64>(), b in any::<u64>(), flip in any::<prop::sample::Index>()) {
        let (all, head) = (leaves(size), leaves(size).into_iter().collect::<Head>());
        let (index, old) = (a % size, b % size + 1);
        let path = inclusion_proof(all.as_slice(), index, size).unwrap();
        let leaf = &all[usize::try_from(index).unwrap()];
        prop_assert_eq!(verify_inclusion(leaf, index, size, &head.root(), &path), Ok(()));
        prop_assert!(verify_inclusion(&leaf_hash(b"other"), index, size, &head.root(), &path).is_err());
        let before = all[..usize::try_from(old).unwrap()].iter().copied().collect::<Head>().root();
        let proof = consistency_proof(all.as_slice(), old, size).unwrap();
        prop_assert_eq!(verify_consistency((old, &before), (size, &head.root()), &proof), Ok(()));
        prop_assert!(verify_consistency((old, &leaf_hash(b"other")), (size, &head.root()), &proof).is_err());
        if !path.is_empty() {
            let mut bad = path.clone();
            bad[flip.index(path.len())] = leaf_hash(b"x");
            prop_assert!(verify_inclusion(leaf, index, size, &head.root(), &bad).is_err());
            prop_assert_eq!(verify_inclusion(leaf, index, size, &head.root(), &path[1..]).is_err(), true);
        }
        if !proof.is_empty() {
            let mut bad = proof.clone();
            bad[flip.index(proof.len())] = leaf_hash(b"x");
            prop_assert!(verify_consistency((old, &before), (size, &head.root()), &bad).is_err());
        }
    }

    #[test]
    fn paths_and_back(level in 0..64_u8, index in any::<u64>(), width in 1..=256_u16) {
        let tile = Tile::new(level, index, width).unwrap();
        prop_assert_eq!(Tile::from_path(&tile.path()), Ok(tile));
    }

    #[test]
    fn bundles_and_back(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10), cut in any::<prop::sample::Index>()) {
        let mut bundle = Vec::new();
        for e in &entries {
            prop_assert!(push_bundle_entry(&mut bundle, e));
        }
        prop_assert_eq!(bundle_entries(&bundle).unwrap(), entries);
        let _ = bundle_entries(&bundle[..cut.index(bundle.len() + 1)]);
        prop_assert!(!push_bundle_entry(&mut bundle, &vec![0; 65_536]));
    }
}
