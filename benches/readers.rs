//! How long the pure parts take that see the largest texts. `cargo bench` runs it.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use oreg::{
    ansible::literal,
    domain::{
        credential::Credential,
        docker_config::DockerConfig,
        merge::{Others, plan_present},
        registry_host::RegistryHost,
        secret::Secret,
    },
    registry::challenge::parse_challenges,
};

const SIZES: [u32; 3] = [1, 100, 10_000];

fn wanted(count: u32) -> Vec<(RegistryHost, Credential)> {
    let one = |number| {
        let host = RegistryHost::parse(&format!("registry{number}.example.com"));
        let credential = Credential::new("user", Secret::new(format!("password-{number}")));
        (
            host.expect("the host is valid"),
            credential.expect("the user is valid"),
        )
    };
    (0..count).map(one).collect()
}

fn merge(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merge");
    for size in SIZES {
        let wanted = wanted(size);
        let empty = DockerConfig::empty();
        let text = plan_present(&empty, &wanted, Others::Keep)
            .document()
            .to_text();
        group.throughput(Throughput::Elements(size.into()));
        group.bench_with_input(BenchmarkId::new("into nothing", size), &wanted, |b, w| {
            b.iter(|| plan_present(&empty, black_box(w), Others::Keep));
        });
        group.bench_with_input(BenchmarkId::new("unchanged", size), &wanted, |b, w| {
            b.iter(|| {
                let document = DockerConfig::parse(black_box(text.as_bytes()));
                plan_present(&document.expect("it is our own"), w, Others::Keep)
            });
        });
    }
    group.finish();
}

fn read_literal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("literal");
    let notations = [
        (
            "json",
            r#"{"host": "r.example.com", "user": "u", "password": "p"}"#,
        ),
        (
            "python",
            "{'host': u'r.example.com', 'user': 'u', 'password': 'p'}",
        ),
        ("yaml flow", "{host: r.example.com, user: u, password: 'p'}"),
    ];
    for (name, member) in notations {
        let text = format!("[{}]", vec![member; 1000].join(", "));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| literal::read(black_box(&text))));
    }
    group.finish();
}

fn read_challenge(criterion: &mut Criterion) {
    let bearer = "Bearer realm=\"https://sso.example.com/auth/realms/rhcc/protocol/redhat-docker-v2/\
        auth\",service=\"docker-registry\",scope=\"repository:openshift3/ose-pod:pull\"";
    let headers = [bearer, "Basic realm=\"registry\", Negotiate"];
    criterion.bench_function("challenge", |b| {
        b.iter(|| parse_challenges(black_box(&headers)));
    });
}

criterion_group!(benches, merge, read_literal, read_challenge);
criterion_main!(benches);
