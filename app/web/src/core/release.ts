// Shared by the page and its service worker. A build is one state of all files of the page.

/** With the build ID: the name of the build's cache, and of the lock that each of its pages holds. */
export const BUILD_PREFIX = "vaultsphere-";

/** A page names its build. The worker of the same build takes over; the worker of another build replies. */
export interface ToServiceWorker {
  build: string;
}

export interface FromServiceWorker {
  otherBuild: string;
}
