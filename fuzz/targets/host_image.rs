//! Registry hosts and image references: `HOST IMAGE`, one per line. A host has one form, which is read as the
//! same host; a URL made of it leads to this host and no other; its picture for people shows no control
//! character. An image that is read fits into the path of a request as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oreg::{
    domain::{
        image::ImageReference,
        registry_host::{RegistryHost, mask_userinfo},
    },
    registry::exchange::server_url,
};
use url::Host;

fuzz_target!(|text: &str| {
    let (host, image) = text.split_once('\n').unwrap_or((text, "a"));
    let picture = mask_userinfo(host);
    assert!(!picture.chars().any(char::is_control), "{picture:?}");
    let Ok(registry) = RegistryHost::parse(host) else {
        return;
    };
    check_host(&registry);
    if let Ok(image) = ImageReference::parse(image, &registry) {
        check_image(&image, &registry);
    }
});

fn check_host(registry: &RegistryHost) {
    let key = registry.key();
    assert_eq!(RegistryHost::parse(&key).as_ref(), Ok(registry), "{key}");
    assert_eq!(mask_userinfo(&key), key);
    assert!(key.bytes().all(|byte| byte.is_ascii_graphic()), "{key:?}");
    let Some(url) = server_url("https", registry) else {
        return;
    };
    assert_eq!((url.username(), url.password()), ("", None));
    assert_eq!(url.path(), "/");
    let name = registry.api_authority();
    let name = match name.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => name.split(':').next(),
    };
    let name = name.expect("a host has a name");
    let leads_there = match url.host().expect("a registry has a host") {
        Host::Domain(domain) => domain == name,
        Host::Ipv4(address) => address.to_string() == name,
        Host::Ipv6(address) => name.parse() == Ok(address),
    };
    assert!(leads_there, "{key} became {url}");
}

fn check_image(image: &ImageReference, registry: &RegistryHost) {
    let text = image.to_string();
    assert_eq!(ImageReference::parse(&text, registry).as_ref(), Ok(image));
    let base = server_url("https", registry).map(|url| url.to_string());
    let Some(base) = base else { return };
    let path = format!("v2/{}/manifests/{}", image.repository(), image.reference());
    let url = url::Url::parse(&format!("{base}{path}")).expect("an image fits into a URL");
    assert_eq!(
        url.as_str(),
        format!("{base}{path}"),
        "nothing is rewritten"
    );
    assert_eq!((url.query(), url.fragment()), (None, None));
}
