package dev.supermachine;

import org.apiguardian.api.API;

/** When a registry is asked for an image. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum PullPolicy {
    /** Ask the registry each time what the reference means now; blobs that are in the cache are not fetched again. */
    ALWAYS,
    /** Ask only if the image is not in the cache. A reference that was pulled once keeps its meaning until the cache is deleted. The default. */
    IF_MISSING,
    /** Never ask. An image that is not in the cache is an error. */
    NEVER
}
