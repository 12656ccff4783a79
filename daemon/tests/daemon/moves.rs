//! Stores that move between a file and real servers, and are killed on the way.

use std::io::BufReader;
use std::process::Stdio;
use std::time::{Duration, Instant};

use netkeep_store::transfer::{Content, write};
use netkeep_store::{Identity, Key};
use netkeep_testcontainers::{Consul, Etcd, ZooKeeper};

use crate::harness::{Home, eventually};

/// A copy that takes longer has begun to write by then.
const LATEST: Duration = Duration::from_secs(300);

/// How much is moved.
struct Size {
    networks: usize,
    endpoints: usize,
}

impl Size {
    fn of_this_run() -> Self {
        match std::env::var_os("NETKEEP_LONG") {
            Some(_) => Self { networks: 2_000, endpoints: 20_000 },
            None => Self { networks: 100, endpoints: 1_000 },
        }
    }

    /// What a store of so many networks and endpoints holds, in shape and size.
    fn content(&self) -> Content {
        let text = |size: usize| "x".repeat(size);
        let mut entries = Vec::new();
        let mut entry =
            |key: String, size: usize| entries.push((Key::parse(&key).unwrap(), text(size).into()));
        for network in 0..self.networks {
            entry(format!("networks/{network:032x}"), 600);
            entry(format!("network-names/net-{network}"), 40);
            entry(format!("pools/GlobalDefault/4-{network:08x}-24"), 200);
            entry(format!("addresses/GlobalDefault/4-{network:08x}-24/00000001"), 150);
        }
        for endpoint in 0..self.endpoints {
            let network = endpoint % self.networks;
            entry(format!("endpoints/{network:032x}/{endpoint:032x}"), 800);
            entry(format!("endpoint-names/{network:032x}/ep-{endpoint}"), 40);
            entry(format!("addresses/GlobalDefault/4-{network:08x}-24/{:08x}", endpoint + 2), 150);
        }
        Content::new(entries)
    }
}

/// Copies, killed once when a part is there, then to its end; and compares. True if it was killed in its middle.
fn move_on(home: &Home, from: &str, to: &str, keys: usize) -> bool {
    // Later and later, until a copy was killed in its middle: neither before it began nor after its end.
    let mut killed = false;
    let mut after = Duration::from_millis(100);
    while after < LATEST {
        let mut child = home
            .command()
            .args(["store", "copy", from, to])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(after);
        after = after.mul_f64(1.5);
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        if ended {
            break;
        }
        let differing = home.run(&["--json", "store", "diff", from, to]);
        let missing = serde_json::from_str::<serde_json::Value>(&differing.out)
            .ok()
            .and_then(|found| found["left"].as_array().map(Vec::len));
        if missing.is_some_and(|missing| 0 < missing && missing < keys) {
            killed = true;
            break;
        }
    }
    if !killed && home.run(&["store", "diff", from, to]).code == 0 {
        println!("{} -> {}: too quick to be killed in the middle", scheme(from), scheme(to));
        return false;
    }
    let begun = Instant::now();
    let copied = eventually("the copy is finished", || {
        let ran = home.run(&["--json", "store", "copy", from, to]);
        // What the killed one had under way may still be meeting this one.
        (ran.code == 0).then(|| serde_json::from_str::<serde_json::Value>(&ran.out).unwrap())
    });
    assert_eq!(copied["keys"], keys, "{from} to {to}: {copied}");
    if killed {
        assert!(
            copied["written"].as_u64().unwrap() < u64::try_from(keys).unwrap(),
            "nothing was kept: {copied}"
        );
    }
    println!(
        "{} -> {}: killed in the middle: {killed}, resumed in {:.1?}: {copied}",
        scheme(from),
        scheme(to),
        begun.elapsed()
    );
    assert_eq!(home.ok(&["store", "diff", from, to]).trim(), "the two hold the same");
    killed
}

fn scheme(url: &str) -> &str {
    url.split("://").next().unwrap_or(url)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: cargo xtask test"]
async fn a_store_moves_between_any_two_backends_and_survives_being_killed_on_the_way() {
    let (etcd, consul, zookeeper) =
        (Etcd::shared().await.unwrap(), Consul::shared().await.unwrap(), ZooKeeper::shared().await.unwrap());
    let ends = [
        ("etcd", etcd.endpoints()[0].clone()),
        ("consul", consul.endpoints()[0].clone()),
        ("zookeeper", zookeeper.endpoints()[0].clone()),
    ];
    tokio::task::spawn_blocking(move || {
        let home = Home::new();
        let size = Size::of_this_run();
        let content = size.content();
        let file = home.path("export.jsonl");
        let mut out = std::fs::File::create(&file).unwrap();
        write(&content, &Identity::fresh(), &mut out).unwrap();
        assert_eq!(
            netkeep_store::transfer::read(&mut BufReader::new(std::fs::File::open(&file).unwrap()))
                .unwrap()
                .0,
            content
        );
        let run: u32 = rand::random();
        let url = |scheme: &str, name: &str| match ends.iter().find(|(known, _)| *known == scheme) {
            Some((_, end)) => format!("{scheme}://{end}/moves-{run:08x}-{name}"),
            None => format!("{scheme}://{}", home.path(name).display()),
        };
        let source = url("redb", "source");
        home.ok(&["store", "import", file.to_str().unwrap(), &source]);
        // In a short run every backend is once a source and once a target; in a long one every pair has its turn.
        const RING: [&str; 4] = ["redb", "etcd", "consul", "zookeeper"];
        let mut from = source;
        let mut killed = Vec::new();
        let mut held = Vec::new();
        for (place, scheme) in RING.iter().cycle().skip(1).take(RING.len()).enumerate() {
            let to = url(scheme, &format!("ring-{place}"));
            killed.push(move_on(&home, &from, &to, content.len()));
            held.push(to.clone());
            from = to;
        }
        if std::env::var_os("NETKEEP_LONG").is_some() {
            for (place, from) in held.iter().enumerate() {
                // The one after it has had its turn in the ring.
                for target in RING.iter().cycle().skip(place + 3).take(2) {
                    let to = url(target, &format!("from-{place}-to-{target}"));
                    killed.push(move_on(&home, from, &to, content.len()));
                }
            }
            assert!(killed.iter().all(|killed| *killed), "a copy was not killed in its middle: {killed:?}");
        }
        assert!(killed.contains(&true), "no copy was killed in its middle");
    })
    .await
    .unwrap();
}
