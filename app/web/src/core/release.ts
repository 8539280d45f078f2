// What the page and its service worker have to agree on. A build is one state of all files of the page.

/** Before a build, the name of its cache, and of the lock that every page of the build holds. */
export const BUILD_PREFIX = "vaultsphere-";

/** A page says what it is of. The worker of the same build takes over; another one answers. */
export interface ToServiceWorker {
  build: string;
}

export interface FromServiceWorker {
  otherBuild: string;
}
